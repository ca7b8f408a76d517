"""Reference pictures: events in, domain calls, events out."""

from __future__ import annotations

import asyncio

import numpy as np
import numpy.typing as npt

from chassis.bus import Origin
from chassis.errors import BadInput
from chassis.faces import align_chip, fit_frame
from chassis.inference import Inference
from chassis.service import Resources
from contracts.blobs import BlobRef, PictureRef
from contracts.events import CastUploaded, Event, FacebankUpdated, PictureVerdict
from services.identity.facebank import FoundFace, Reference, assess_picture
from services.identity.pictures import chip_sharpness, decode_picture
from services.identity.settings import IdentitySettings
from services.identity.store import FacebankStore

Pixels = npt.NDArray[np.uint8]


class FacebankHandlers:
    """What identity does with reference pictures."""

    def __init__(self, resources: Resources[IdentitySettings], store: FacebankStore) -> None:
        self._resources = resources
        self._store = store

    async def cast_uploaded(self, event: CastUploaded, _origin: Origin) -> list[Event]:
        """Check and embed every picture, store the good ones, and say what became of each."""
        before = await self._store.verdicts(event.show, event.request_id)
        if before is not None:
            revision, verdicts = before
        else:
            references: dict[str, list[Reference]] = {}
            verdicts = []
            for member in event.cast:
                for picture in member.pictures:
                    verdict, reference = await self._examine(member.cast_id, picture)
                    verdicts.append(verdict)
                    if reference is not None:
                        references.setdefault(member.cast_id, []).append(reference)
            revision = await self._store.save(
                event.show,
                request_id=event.request_id,
                names={member.cast_id: member.name for member in event.cast},
                references=references,
                verdicts=verdicts,
                replace=event.replace,
            )
        return [
            FacebankUpdated(show=event.show, request_id=event.request_id, revision=revision, verdicts=tuple(verdicts))
        ]

    async def _examine(self, cast_id: str, picture: PictureRef) -> tuple[PictureVerdict, Reference | None]:
        """Verdict on one picture and, if it is good, its vector."""
        try:
            reference = await self._reference(picture)
            code, message = "ok", "The picture is used."
        except BadInput as error:
            reference, code, message = None, error.code, error.message
        verdict = PictureVerdict(
            cast_id=cast_id, filename=picture.filename, accepted=reference is not None, code=code, message=message
        )
        return verdict, reference

    async def _reference(self, picture: PictureRef) -> Reference:
        """The vector of the picture's face.

        Raises:
            BadInput: when the picture cannot be used.
        """
        rules = self._resources.settings.recognition.picture
        inference = self._resources.require_inference()
        ref = BlobRef(uri=picture.uri, sha256=picture.sha256, bytes=picture.bytes, media_type=picture.media_type)
        data = await self._resources.storage.get(ref)
        pixels = await asyncio.to_thread(decode_picture, data, max_pixels=rules.max_pixels)
        faces, chips = await self._find_faces(inference, pixels)
        height, width = pixels.shape[:2]
        verdict = assess_picture(faces, image_size=(width, height), rules=rules)
        if verdict.face is None:
            raise BadInput(verdict.code, verdict.message)
        vectors = await inference.embed(chips[verdict.face][None])
        face = faces[verdict.face]
        return Reference(
            picture=picture.sha256[:16],
            vector=vectors[0],
            model_id=(await inference.embedder()).model_id,
            quality=round(face.conf * face.sharpness, 4),
        )

    async def _find_faces(self, inference: Inference, pixels: Pixels) -> tuple[list[FoundFace], list[Pixels]]:
        """Faces of a picture with boxes as fractions, and their aligned chips."""
        settings = self._resources.settings.facebank
        height, width = pixels.shape[:2]
        fit = fit_frame(width, height, long_side=settings.analysed_side_px)
        analysed = await asyncio.to_thread(fit.apply, pixels)
        found = (await inference.detect(analysed[None], min_score=settings.min_score))[0]
        boxes, landmarks = fit.to_frame(found.boxes), fit.to_frame(found.landmarks)
        faces, chips = [], []
        for box, points, score in zip(boxes, landmarks, found.scores, strict=True):
            chip = align_chip(pixels, points)
            sharpness = chip_sharpness(chip, face_px=float(box[3] - box[1]))
            relative = (float(box[0] / width), float(box[1] / height), float(box[2] / width), float(box[3] / height))
            faces.append(FoundFace(bbox=relative, conf=float(score), sharpness=sharpness))
            chips.append(chip)
        return faces, chips
