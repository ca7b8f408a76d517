"""Looking at a reference picture: is there one good face on it, and what is its vector."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from chassis.domain.arrays import Floats
from chassis.domain.faces import align_chip, fit_frame
from chassis.domain.pictures import Pixels, decode_picture, encode_plain, is_plain
from chassis.errors import BadInput
from chassis.service import Resources
from chassis.triton.client import Inference
from contracts.blobs import PictureRef
from contracts.events import PictureVerdict
from services.identity.facebank.cast import Picture
from services.identity.facebank.gallery import FoundFace, Reference, assess_picture
from services.identity.facebank.reference_images import chip_sharpness
from services.identity.media.served_models import served_models
from services.identity.recognised_with import RecognisedWith
from services.identity.settings import IdentitySettings


class Examiner:
    """Examines pictures with the inference server; the same for pictures that come by event and by HTTP.

    **What is kept of a picture says nothing but its pixels**: no place, no time, no camera.
    """

    def __init__(self, resources: Resources[IdentitySettings]) -> None:
        self._resources = resources
        self._turns = asyncio.Semaphore(resources.settings.facebank.pictures_at_once)

    async def examine(
        self, show: str, cast_id: str, filename: str, data: bytes, *, ref: PictureRef | None = None
    ) -> tuple[PictureVerdict, Picture | None]:
        """Verdict on one picture and, if it is good, the picture with its vector, kept as an object.

        `ref` is the object that it came in, if it did; that one is kept where it holds pixels only.
        """
        try:
            async with self._turns:
                reference, plain = await self._look_at(data)
        except BadInput as error:
            return refusal(cast_id, filename, error), None
        if ref is None or plain is not data:
            key = f"raw/facebank/{show}/{cast_id}/{reference.picture}-plain.jpg"
            kept = await self._resources.storage.put(key, plain, media_type="image/jpeg")
            ref = PictureRef(
                uri=kept.uri, sha256=kept.sha256, bytes=kept.bytes, media_type=kept.media_type, filename=filename
            )
        verdict = PictureVerdict(
            cast_id=cast_id, filename=filename, accepted=True, code="ok", message="The picture is used."
        )
        return verdict, Picture(cast_id=cast_id, reference=reference, ref=ref, added_at=datetime.now(UTC))

    async def examine_again(self, picture: Picture) -> Picture | None:
        """A kept picture with the vector of the model of now; None where its face cannot be used (any more)."""
        if picture.ref is None:
            return None
        try:
            async with self._turns:
                found, _ = await self._look_at(await self._resources.storage.read(picture.ref.uri))
        except BadInput:
            return None
        return replace(picture, reference=replace(found, picture=picture.reference.picture))

    def check_size(self, size: int) -> None:
        """Refuse a file before it is read. Raises BadInput `file_too_large`."""
        most = self._resources.settings.facebank.max_picture_bytes
        if size > most:
            raise BadInput("file_too_large", f"The file has more than {most // 2**20} MiB: use a smaller one.")

    async def models(self) -> RecognisedWith:
        """The models that new pictures are looked at with."""
        return await served_models(self._resources.require_inference())

    async def _look_at(self, data: bytes) -> tuple[Reference, bytes]:
        """The vector of the picture's face, and the file to keep of it.

        Raises:
            BadInput: when the picture cannot be used.
        """
        rules = self._resources.settings.recognition.picture
        inference = self._resources.require_inference()
        pixels = await asyncio.to_thread(decode_picture, data, max_pixels=rules.max_pixels, enough_px=rules.enough_px)
        faces, landmarks = await self._find_faces(inference, pixels)
        height, width = pixels.shape[:2]
        verdict = assess_picture(faces, image_size=(width, height), rules=rules)
        if verdict.face is None:
            raise BadInput(verdict.code, verdict.message)
        embedder = await inference.embedder()
        chip = await asyncio.to_thread(align_chip, pixels, landmarks[verdict.face], chip=embedder.chip)
        vectors = await inference.embed(chip[None])
        face = faces[verdict.face]
        reference = Reference(
            picture=hashlib.sha256(data).hexdigest()[:16],
            vector=vectors[0],
            model_id=embedder.model_id,
            quality=round(face.conf * face.sharpness, 4),
        )
        return reference, data if is_plain(data) else await asyncio.to_thread(encode_plain, pixels)

    async def _find_faces(self, inference: Inference, pixels: Pixels) -> tuple[list[FoundFace], Floats]:
        """Faces of a picture with boxes as fractions, and their landmarks [F,10] in its pixels."""
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
        return await asyncio.to_thread(_faces_in, pixels, boxes, landmarks, found.scores), landmarks


def _faces_in(pixels: Pixels, boxes: Floats, landmarks: Floats, scores: Floats) -> list[FoundFace]:
    height, width = pixels.shape[:2]
    faces = []
    for box, points, score in zip(boxes, landmarks, scores, strict=True):
        chip = align_chip(pixels, points)
        sharpness = chip_sharpness(chip, face_px=float(box[3] - box[1]))
        relative = (float(box[0] / width), float(box[1] / height), float(box[2] / width), float(box[3] / height))
        faces.append(FoundFace(bbox=relative, conf=float(score), sharpness=sharpness))
    return faces


def refusal(cast_id: str, filename: str, error: BadInput) -> PictureVerdict:
    """The verdict on a picture that is not used."""
    return PictureVerdict(cast_id=cast_id, filename=filename, accepted=False, code=error.code, message=error.message)
