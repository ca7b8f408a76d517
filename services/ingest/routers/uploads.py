"""Videos on their way in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, File, Form, Path, UploadFile

from chassis.http.audit import Subject
from chassis.http.auth import Operator
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, ok
from chassis.http.routing import Router
from chassis.http.versions import CommandId
from contracts.events import Profile
from contracts.ids import RunId, show_of
from services.ingest.commands.uploads import UploadCommands, unknown_upload
from services.ingest.models import FiledVideo, Line, NewUpload, Registration, UploadView
from services.ingest.routers.parameters import EpisodePath, check_show
from services.ingest.runs.records import Upload

router = Router(tags=["uploads"])

Uploads = Annotated[UploadCommands, Depends(Provide(UploadCommands))]


async def known_upload(
    upload_id: Annotated[RunId, Path(description="A ULID.")], principal: Operator, uploads: Uploads, subject: Subject
) -> Upload:
    """The upload of the path; to callers of other shows there is none."""
    upload = await uploads.find(upload_id)
    subject.episode(upload.ep_id)
    if not principal.may_see(show_of(upload.ep_id)):
        raise unknown_upload(upload_id)
    return upload


KnownUpload = Annotated[Upload, Depends(known_upload)]


@router.post("/uploads", status_code=201)
async def begin_upload(
    wanted: NewUpload, principal: Operator, uploads: Uploads, command: CommandId, subject: Subject
) -> ApiResult[UploadView]:
    """Begin an upload in parts: the answer says where to PUT them."""
    subject.episode(wanted.ep_id)
    check_show(principal, wanted.ep_id)
    return ok(await uploads.begin(wanted, command=command, caller=principal.id, who=principal.name))


@router.get("/uploads/{upload_id}")
async def get_upload(upload: KnownUpload, uploads: Uploads) -> ApiResult[UploadView]:
    """Tell which parts are there, with fresh URLs for those that are not: so an upload goes on after a break."""
    return ok(await uploads.read(upload))


@router.post("/uploads/{upload_id}/complete")
async def complete_upload(upload: KnownUpload, uploads: Uploads) -> ApiResult[UploadView]:
    """Check what came by size and sha256, make it the episode's video, and begin a run where that was wanted."""
    return ok(await uploads.complete(upload))


@router.delete("/uploads/{upload_id}")
async def abort_upload(upload: KnownUpload, uploads: Uploads) -> ApiResult[UploadView]:
    """Throw an unfinished upload away."""
    return ok(await uploads.abort(upload))


@router.post("/episodes/{ep_id}/video", status_code=202)
async def upload_video(
    ep_id: EpisodePath,
    file: Annotated[UploadFile, File(description="A video of moderate size.")],
    principal: Operator,
    uploads: Uploads,
    command: CommandId,
    title: Annotated[Line | None, Form()] = None,
    profile: Annotated[Profile, Form()] = "balanced",
    start: Annotated[bool, Form()] = True,
    force: Annotated[bool, Form(description="Replace another video.")] = False,
) -> ApiResult[FiledVideo]:
    """Upload a small video through the API; larger ones go to S3 by `POST /uploads`."""
    return ok(
        await uploads.take(
            ep_id,
            file.file,
            file.filename or "",
            title=title,
            profile=profile,
            start=start,
            force=force,
            command=command,
            who=principal.name,
        )
    )


@router.post("/episodes/{ep_id}/register", status_code=202)
async def register_video(
    ep_id: EpisodePath, wanted: Registration, principal: Operator, uploads: Uploads, command: CommandId
) -> ApiResult[FiledVideo]:
    """Make an object that is in the bucket already, below `raw/videos/{ep_id}/`, the episode's video."""
    return ok(await uploads.register(ep_id, wanted, command=command, who=principal.name))
