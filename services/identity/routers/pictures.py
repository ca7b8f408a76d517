"""Reference pictures of cast members."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict
from typing import Annotated, BinaryIO

from fastapi import Depends, File, Request, Response, UploadFile

from chassis.http.auth import Operator, Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.http.versions import CommandId
from contracts.ids import Slug
from services.identity.commands.reference_images import PictureView, ReferenceImageCommands, Upload
from services.identity.routers.downloads import JPEG, picture_answer
from services.identity.routers.requests import EmbedAgain, PictureId, ordered
from services.identity.routers.responses import FaceOfEpisode, PictureEntry, PicturesEmbedded, PictureVerdicts

router = Router(tags=["shows"])
ReferenceImages = Annotated[ReferenceImageCommands, Depends(Provide(ReferenceImageCommands))]

MOST_PICTURES = 20


def entry_of(view: PictureView) -> PictureEntry:
    picture = view.picture
    return PictureEntry(
        picture=picture.reference.picture,
        filename=picture.ref.filename if picture.ref else None,
        quality=picture.reference.quality,
        used=view.used,
        duplicate_of=view.duplicate_of,
        looks_like=view.resembles,
        model_id=picture.reference.model_id,
        added_at=picture.added_at.isoformat(timespec="seconds") if picture.added_at else None,
        url=view.url,
        source=FaceOfEpisode(**asdict(picture.source)) if picture.source else None,
        resting=picture.resting,
    )


def clean_name(filename: str | None) -> str:
    """A file's name as shown to people: its last part, without control characters."""
    last = (filename or "").replace("\\", "/").rsplit("/", 1)[-1]
    text = "".join(letter for letter in last if letter.isprintable())
    return text.encode("utf-8", "replace").decode()[:200] or "picture"


def sha256_of(file: BinaryIO) -> str:
    """The digest of a file that is read again afterwards."""
    digest = hashlib.sha256()
    file.seek(0)
    while piece := file.read(1 << 20):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


@router.post("/shows/{show}/cast/{cast_id}/pictures")
async def add_pictures(
    show: Slug,
    cast_id: Slug,
    pictures: Annotated[list[UploadFile], File(min_length=1, max_length=MOST_PICTURES)],
    reference_images: ReferenceImages,
    principal: Operator,
    command: CommandId,
) -> ApiResult[PictureVerdicts]:
    """Add reference pictures of a cast member, with a verdict on each; they change suggestions, never links."""
    uploads = [
        Upload(
            filename=clean_name(picture.filename),
            size=picture.size or 0,
            sha256=await asyncio.to_thread(sha256_of, picture.file),
            read=picture.read,
        )
        for picture in pictures
    ]
    answer = await reference_images.add(show, cast_id, uploads, ordered(principal, command))
    return ok(
        PictureVerdicts(
            facebank_revision=answer.revision,
            accepted=sum(verdict.accepted for verdict in answer.verdicts),
            verdicts=answer.verdicts,
        )
    )


@router.post("/shows/{show}/pictures/embed")
async def embed_pictures(
    show: Slug, wanted: EmbedAgain, reference_images: ReferenceImages, principal: Operator, command: CommandId
) -> ApiResult[PicturesEmbedded]:
    """Give all reference pictures of a show the vectors of the served model; the same again changes nothing."""
    done = await reference_images.embed_again(show, wanted.model_id, ordered(principal, command))
    return ok(
        PicturesEmbedded(model_id=done.model_id, pictures=done.pictures, changed=done.changed, failed=done.failed)
    )


@router.get("/shows/{show}/cast/{cast_id}/pictures")
async def list_pictures(
    show: Slug, cast_id: Slug, reference_images: ReferenceImages, _principal: Viewer
) -> ApiResult[tuple[PictureEntry, ...]]:
    """The reference pictures of a cast member, with short-lived addresses to look at them."""
    return ok(tuple(entry_of(view) for view in await reference_images.pictures(show, cast_id)))


@router.get("/shows/{show}/cast/{cast_id}/pictures/{picture}/image", response_class=Response, responses=JPEG)
async def read_reference_image(
    show: Slug,
    cast_id: Slug,
    picture: PictureId,
    request: Request,
    reference_images: ReferenceImages,
    _principal: Viewer,
) -> Response:
    """Read one reference picture; its address names its content, so browsers keep it."""
    return picture_answer(request, await reference_images.image(show, cast_id, picture))


@router.delete("/shows/{show}/cast/{cast_id}/pictures/{picture}")
async def delete_picture(
    show: Slug,
    cast_id: Slug,
    picture: PictureId,
    reference_images: ReferenceImages,
    principal: Operator,
    command: CommandId,
) -> ApiResult[int]:
    """Remove one reference picture; the answer is how many went."""
    return ok(await reference_images.delete(show, cast_id, picture, ordered(principal, command)))


@router.delete("/shows/{show}/cast/{cast_id}/pictures")
async def delete_pictures(
    show: Slug, cast_id: Slug, reference_images: ReferenceImages, principal: Operator, command: CommandId
) -> ApiResult[int]:
    """Remove all reference pictures of a cast member; the answer is how many went."""
    return ok(await reference_images.delete(show, cast_id, None, ordered(principal, command)))
