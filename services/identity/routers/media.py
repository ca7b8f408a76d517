"""`/media`: faces of people and tracks, and their pictures: as files that browsers keep, and by short-lived URLs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field, StringConstraints

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from contracts.ids import EpId, IdentityId, TrackId
from services.identity.faces.crop_refs import TOKEN_PATTERN
from services.identity.faces.sprites import LARGEST_PX, MOST_CELLS, SMALLEST_PX, USUAL_PX, Sprite
from services.identity.media.crop_urls import PictureUrls
from services.identity.media.picture_files import PictureFiles
from services.identity.queries.faces import ContactSheet, FaceQueries, FaceSprite, Representatives, TrackFaces
from services.identity.routers.downloads import JPEG, picture_answer

router = Router(tags=["media"])

Faces = Annotated[FaceQueries, Depends(Provide(FaceQueries))]
Files = Annotated[PictureFiles, Depends(Provide(PictureFiles))]
Token = Annotated[str, StringConstraints(pattern=TOKEN_PATTERN, max_length=120)]
CellPx = Annotated[int, Query(ge=SMALLEST_PX, le=LARGEST_PX, description="Width and height of a face in the sheet.")]
MOST_PICTURES = 100


class PictureRequest(ApiModel):
    """Pictures by the names that faces have for them."""

    pictures: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        min_length=1, max_length=MOST_PICTURES
    )


class SpriteRequest(ApiModel):
    """Pictures by the tokens that timelines and faces have for them, in the order of the sheet."""

    pictures: tuple[Token, ...] = Field(min_length=1, max_length=MOST_CELLS)
    cell_px: int = Field(default=USUAL_PX, ge=SMALLEST_PX, le=LARGEST_PX)


@router.get("/media/{ep_id}/identities/{identity_id}/representatives")
async def list_representatives(
    ep_id: EpId,
    identity_id: IdentityId,
    faces: Faces,
    _principal: Viewer,
    count: Annotated[int, Query(ge=1, le=20, description="At most so many faces.")] = 4,
) -> ApiResult[Representatives]:
    """List the faces that show a person best: sharp, frontal, typical, and spread over time."""
    return ok(await faces.representatives(ep_id, identity_id, count=count))


@router.get("/media/{ep_id}/tracks/{track_id}")
async def read_track_faces(ep_id: EpId, track_id: TrackId, faces: Faces, _principal: Viewer) -> ApiResult[TrackFaces]:
    """Read a track, the quality of its faces and the faces themselves."""
    return ok(await faces.track(ep_id, track_id))


@router.post("/media/{ep_id}/urls")
async def make_picture_urls(
    ep_id: EpId, request: PictureRequest, faces: Faces, _principal: Viewer
) -> ApiResult[PictureUrls]:
    """Make short-lived URLs of crops and thumbnails of this episode."""
    return ok(await faces.picture_urls(ep_id, request.pictures))


@router.get("/media/{ep_id}/identities/{identity_id}/contact-sheet")
async def make_contact_sheet(
    ep_id: EpId,
    identity_id: IdentityId,
    faces: Faces,
    _principal: Viewer,
    columns: Annotated[int, Query(ge=1, le=12)] = 6,
    count: Annotated[int, Query(ge=1, le=48, description="At most so many faces.")] = 24,
) -> ApiResult[ContactSheet]:
    """Make one JPEG of a person's best faces with their times, and a short-lived URL of it."""
    return ok(await faces.contact_sheet(ep_id, identity_id, columns=columns, count=count))


@router.get("/media/{ep_id}/pictures/{picture}", response_class=Response, responses=JPEG)
async def read_picture(
    ep_id: EpId, picture: Annotated[Token, Path()], request: Request, files: Files, _principal: Viewer
) -> Response:
    """Read one face's picture; its address names its content, so browsers keep it."""
    return picture_answer(request, await files.picture(ep_id, picture))


@router.post("/media/{ep_id}/sprites")
async def make_sprite(ep_id: EpId, body: SpriteRequest, files: Files, _principal: Viewer) -> ApiResult[Sprite]:
    """Draw many faces into one sheet of square cells, or find it drawn; read it at `/media/{ep_id}/sprites/{sprite}`."""
    return ok(await files.make_sprite(ep_id, body.pictures, cell_px=body.cell_px))


@router.get("/media/{ep_id}/sprites/{sprite}", response_class=Response, responses=JPEG)
async def read_sprite(
    ep_id: EpId,
    sprite: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    request: Request,
    files: Files,
    _principal: Viewer,
) -> Response:
    """Read a sheet that was drawn before; browsers keep it."""
    return picture_answer(request, await files.sprite(ep_id, sprite))


@router.get("/media/{ep_id}/identities/{identity_id}/sprite")
async def make_identity_sprite(
    ep_id: EpId,
    identity_id: IdentityId,
    faces: Faces,
    _principal: Viewer,
    count: Annotated[int, Query(ge=1, le=48, description="At most so many faces.")] = 24,
    cell_px: CellPx = USUAL_PX,
) -> ApiResult[FaceSprite]:
    """Draw a person's best faces into one sheet, the best first, and say whose cell is whose."""
    return ok(await faces.sprite(ep_id, identity_id, count=count, cell_px=cell_px))
