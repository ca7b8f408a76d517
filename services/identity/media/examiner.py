"""Looking at a reference picture: is there one good face on it, and what is its vector."""

from __future__ import annotations

import asyncio

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import align_chip, fit_frame
from chassis.errors import BadInput
from chassis.service import Resources
from chassis.triton.client import Inference
from contracts.blobs import PictureRef
from contracts.events import PictureVerdict
from services.identity.facebank.cast import Picture
from services.identity.facebank.gallery import FoundFace, Reference, assess_picture
from services.identity.facebank.reference_images import chip_sharpness, decode_picture
from services.identity.media.served_models import served_models
from services.identity.recognised_with import RecognisedWith
from services.identity.settings import IdentitySettings

Pixels = npt.NDArray[np.uint8]


class Examiner:
    """Examines pictures with the inference server; the same for pictures that come by event and by HTTP."""

    def __init__(self, resources: Resources[IdentitySettings]) -> None:
        self._resources = resources

    async def examine(self, cast_id: str, ref: PictureRef, data: bytes) -> tuple[PictureVerdict, Picture | None]:
        """Verdict on one picture and, if it is good, the picture with its vector."""
        try:
            reference = await self._reference(ref, data)
        except BadInput as error:
            return refusal(cast_id, ref.filename, error), None
        verdict = PictureVerdict(
            cast_id=cast_id, filename=ref.filename, accepted=True, code="ok", message="The picture is used."
        )
        return verdict, Picture(cast_id=cast_id, reference=reference, ref=ref)

    async def models(self) -> RecognisedWith:
        """The models that new pictures are looked at with."""
        return await served_models(self._resources.require_inference())

    async def _reference(self, ref: PictureRef, data: bytes) -> Reference:
        """The vector of the picture's face.

        Raises:
            BadInput: when the picture cannot be used.
        """
        rules = self._resources.settings.recognition.picture
        inference = self._resources.require_inference()
        pixels = await asyncio.to_thread(decode_picture, data, max_pixels=rules.max_pixels)
        faces, chips = await self._find_faces(inference, pixels)
        height, width = pixels.shape[:2]
        verdict = assess_picture(faces, image_size=(width, height), rules=rules)
        if verdict.face is None:
            raise BadInput(verdict.code, verdict.message)
        vectors = await inference.embed(chips[verdict.face][None])
        face = faces[verdict.face]
        return Reference(
            picture=ref.sha256[:16],
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
        (found,) = await inference.detect(
            analysed[None],
            min_score=settings.min_score,
            max_overlap=settings.max_overlap,
            second_look_below=settings.second_look_below,
        )
        boxes, landmarks = fit.to_frame(found.boxes), fit.to_frame(found.landmarks)
        faces, chips = [], []
        for box, points, score in zip(boxes, landmarks, found.scores, strict=True):
            chip = align_chip(pixels, points)
            sharpness = chip_sharpness(chip, face_px=float(box[3] - box[1]))
            relative = (float(box[0] / width), float(box[1] / height), float(box[2] / width), float(box[3] / height))
            faces.append(FoundFace(bbox=relative, conf=float(score), sharpness=sharpness))
            chips.append(chip)
        return faces, chips


def refusal(cast_id: str, filename: str, error: BadInput) -> PictureVerdict:
    """The verdict on a picture that is not used."""
    return PictureVerdict(cast_id=cast_id, filename=filename, accepted=False, code=error.code, message=error.message)
