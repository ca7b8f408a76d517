"""Looking at a reference picture: is there one good face on it, and what is its vector."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chassis.errors import BadInput
from chassis.faces import align_chip, fit_frame
from chassis.inference import Inference
from chassis.service import Resources
from contracts.blobs import PictureRef
from contracts.events import PictureVerdict
from services.identity.calibration import Calibration
from services.identity.facebank import FoundFace, Reference, assess_picture, find_outliers, make_gallery
from services.identity.facebank_store import Picture
from services.identity.pictures import chip_sharpness, decode_picture
from services.identity.revisions import RecognisedWith
from services.identity.settings import IdentitySettings
from services.identity.thresholds import IdentityThresholds

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


def refusal(cast_id: str, filename: str, error: BadInput) -> PictureVerdict:
    """The verdict on a picture that is not used."""
    return PictureVerdict(cast_id=cast_id, filename=filename, accepted=False, code=error.code, message=error.message)


class Standing:
    """How a show's pictures stand among each other: which are compared with, doubled, or look like somebody else."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        *,
        model_id: str,
        dimension: int,
        calibration: Calibration | None,
        rules: IdentityThresholds,
    ) -> None:
        references: dict[str, list[Reference]] = {}
        for picture in pictures:
            references.setdefault(picture.cast_id, []).append(picture.reference)
        galleries = [
            make_gallery(cast_id, members, model_id=model_id, dimension=dimension, rules=rules.gallery)
            for cast_id, members in sorted(references.items())
        ]
        self._used = {(gallery.cast_id, picture) for gallery in galleries for picture in gallery.pictures}
        self._twins = {
            (gallery.cast_id, picture): twin for gallery in galleries for picture, twin in gallery.duplicates.items()
        }
        outliers = (
            find_outliers(galleries, calibration=calibration, references=rules.link.references, rules=rules.gallery)
            if calibration is not None
            else ()
        )
        self._resembles = {(outlier.cast_id, outlier.picture): outlier.resembles for outlier in outliers}

    def is_used(self, cast_id: str, picture: str) -> bool:
        """Whether identities are compared with it."""
        return (cast_id, picture) in self._used

    def duplicate_of(self, cast_id: str, picture: str) -> str | None:
        """The picture that stands for it."""
        return self._twins.get((cast_id, picture))

    def resembles(self, cast_id: str, picture: str) -> str | None:
        """The member it looks like rather than its own."""
        return self._resembles.get((cast_id, picture))

    def verdict(self, verdict: PictureVerdict, picture: Picture, names: dict[str, str]) -> PictureVerdict:
        """The verdict on an accepted picture, seen among the others."""
        name = picture.reference.picture
        other, twin = self.resembles(picture.cast_id, name), self.duplicate_of(picture.cast_id, name)
        if other is not None:
            message = f"The picture is kept, but looks like {names.get(other, other)}: check who it shows."
            return verdict.model_copy(update={"code": "looks_like_another", "message": message})
        if twin is not None:
            message = f"The picture is kept, but adds nothing: it is nearly the same as {twin}."
            return verdict.model_copy(update={"code": "near_duplicate", "message": message})
        return verdict


async def served_models(inference: Inference) -> RecognisedWith:
    """The models that the inference server has, with the embedder's calibration if somebody has calibrated it."""
    served = await inference.models()
    calibration = await calibration_of(inference)
    return RecognisedWith(
        models={"face_detector": served.detector.model_id, "face_embedder": served.embedder.model_id},
        dimension=served.embedder.dimension,
        model_id=served.embedder.model_id,
        midpoint=calibration.midpoint if calibration else None,
        scale=calibration.scale if calibration else None,
    )


async def calibration_of(inference: Inference) -> Calibration | None:
    """Calibration of the served embedder, None for one nobody has calibrated."""
    embedder = await inference.embedder()
    if embedder.calibration is None:
        return None
    return Calibration(
        model_id=embedder.model_id, midpoint=embedder.calibration.midpoint, scale=1.0 / embedder.calibration.slope
    )
