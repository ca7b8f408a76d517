"""`/media`: faces of people and tracks, and short-lived URLs of their pictures."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from pydantic import Field, StringConstraints

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiModel, ApiResult, ok
from chassis.http.routing import Router
from contracts.ids import EpId, IdentityId, TrackId
from services.identity.media.crop_urls import PictureUrls
from services.identity.queries.faces import ContactSheet, FaceQueries, Representatives, TrackFaces

router = Router(tags=["media"])

Faces = Annotated[FaceQueries, Depends(Provide(FaceQueries))]
MOST_PICTURES = 100


class PictureRequest(ApiModel):
    """Pictures by the names that faces have for them."""

    pictures: tuple[Annotated[str, StringConstraints(min_length=1, max_length=500)], ...] = Field(
        min_length=1, max_length=MOST_PICTURES
    )


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
