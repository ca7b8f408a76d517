"""`/screen-time`: revisions of who was visible when, and questions to them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from chassis.errors import BadInput
from chassis.http.auth import Viewer
from chassis.http.errors import ApiError
from chassis.http.parts import Provide
from chassis.http.results import LARGEST_PAGE, ApiResult, Page, ok
from chassis.http.routing import Router
from contracts.ids import EpId, RunId, Slug, show_of
from contracts.rows import ScreenTimeDocument
from services.identity.queries.revisions import (
    FILES,
    FileFormat,
    RevisionFileList,
    RevisionSummary,
    ScreenTimeFile,
    ScreenTimeReports,
)
from services.identity.queries.versions import VersionQueries
from services.identity.routers.downloads import file_answer
from services.identity.routers.requests import Participants
from services.identity.screentime.comparison import ScreenTimeDifference, compare
from services.identity.screentime.groups import By, EpisodePeople, GroupTotals, total_by
from services.identity.screentime.moments import Moment, Together, visible_at, when_together
from services.identity.screentime.participants import only_participants
from services.identity.screentime.totals import ShowTotals, total_up
from services.identity.screentime.versions import VersionComparison

router = Router(tags=["screen time"])

Reports = Annotated[ScreenTimeReports, Depends(Provide(ScreenTimeReports))]
Revision = Annotated[int | None, Query(ge=1, le=1_000_000, description="Its number; the current one if left out.")]
Grouped = Annotated[By, Query(description="`role`, `character`, or `attribute:NAME`.")]
Run = Annotated[RunId | None, Query(description="The run it belongs to; the current one if left out.")]
_INLINE: dict[FileFormat, str] = {"json": "application/json", "csv": "text/csv"}
_FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "Where to fetch it, or the file."}
}


# Before the paths with {ep_id}, which would take `shows` for one.
@router.get("/screen-time/shows/{show}/totals")
async def total_show_screen_time(
    show: Slug,
    reports: Reports,
    _principal: Viewer,
    season: Annotated[int | None, Query(ge=0, le=99, description="Only this season's episodes.")] = None,
) -> ApiResult[ShowTotals]:
    """Sum up the cast of a show over its episodes, or over those of one season."""
    return ok(total_up(show, await reports.of_show(show), season=season))


@router.get("/screen-time/shows/{show}/groups")
async def total_show_groups(
    show: Slug,
    reports: Reports,
    _principal: Viewer,
    by: Grouped,
    season: Annotated[int | None, Query(ge=0, le=99, description="Only this season's episodes.")] = None,
    participants: Participants = False,
) -> ApiResult[GroupTotals]:
    """Sum up roles, characters or an attribute of the cast over a show's episodes, or over those of one season."""
    return ok(total_by(by, await reports.everybody_in(show), season=season, participants=participants))


@router.get("/screen-time/{ep_id}/groups")
async def total_groups(
    ep_id: EpId,
    reports: Reports,
    _principal: Viewer,
    by: Grouped,
    revision: Revision = None,
    run_id: Run = None,
    participants: Participants = False,
) -> ApiResult[GroupTotals]:
    """Sum up roles, characters or an attribute of the cast in an episode."""
    document = await reports.document(await reports.find(ep_id, revision=revision, run_id=run_id))
    return ok(total_by(by, [EpisodePeople.of(document)], participants=participants))


@router.get("/screen-time/{ep_id}")
async def read_screen_time(
    ep_id: EpId,
    reports: Reports,
    _principal: Viewer,
    revision: Revision = None,
    run_id: Run = None,
    participants: Participants = False,
) -> ApiResult[ScreenTimeDocument]:
    """Read who was visible when, with what this revision changed."""
    document = await reports.document(await reports.find(ep_id, revision=revision, run_id=run_id))
    return ok(only_participants(document) if participants else document)


@router.get("/screen-time/{ep_id}/revisions")
async def list_screen_time_revisions(
    ep_id: EpId,
    reports: Reports,
    _principal: Viewer,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
) -> ApiResult[Page[RevisionSummary]]:
    """List the revisions of all runs, the newest first."""
    return ok(await reports.revisions(ep_id, cursor=cursor, limit=limit))


@router.get("/screen-time/{ep_id}/diff")
async def compare_screen_time(
    ep_id: EpId,
    reports: Reports,
    _principal: Viewer,
    before: Annotated[int, Query(alias="from", ge=1, le=1_000_000, description="Number of the earlier revision.")],
    after: Annotated[int, Query(alias="to", ge=1, le=1_000_000, description="Number of the later revision.")],
    from_run: Run = None,
    to_run: Run = None,
) -> ApiResult[ScreenTimeDifference]:
    """Compare two revisions: seconds before and after, times gained and lost, and sentences."""
    old = await reports.document(await reports.find(ep_id, revision=before, run_id=from_run))
    new = await reports.document(await reports.find(ep_id, revision=after, run_id=to_run))
    return ok(compare(old, new))


@router.get("/screen-time/{ep_id}/versions")
async def compare_versions(
    ep_id: EpId,
    versions: Annotated[VersionQueries, Depends(Provide(VersionQueries))],
    principal: Viewer,
    other: Annotated[EpId, Query(description="The other version: an episode of its own.")],
) -> ApiResult[VersionComparison]:
    """Lay another version of a programme beside this one by their pictures: who lost or won how many seconds, and where."""
    if not principal.may_see(show_of(other)):
        raise ApiError(403, "forbidden", f"You may not see the show {show_of(other)}.")
    return ok(await versions.compare(ep_id, other))


@router.get(
    "/screen-time/{ep_id}/files/{file_format}",
    response_model=ApiResult[ScreenTimeFile] | ScreenTimeDocument,
    responses=_FILE_RESPONSES,
)
async def read_screen_time_file(
    ep_id: EpId,
    file_format: FileFormat,
    reports: Reports,
    _principal: Viewer,
    revision: Revision = None,
    run_id: Run = None,
    inline: Annotated[bool, Query(description="Answer with the file itself: json and csv only.")] = False,
) -> ApiResult[ScreenTimeFile] | Response:
    """Say where a file of the screen time can be fetched for a short while, or answer with it."""
    if inline and file_format not in _INLINE:
        raise BadInput("not_inline", f"{file_format} is fetched by its URL: leave inline out.")
    report = await reports.find(ep_id, revision=revision, run_id=run_id)
    if not inline:
        return ok(await reports.link(report, file_format))
    content = await reports.content(report, file_format)
    name = f"{ep_id}-r{report.event.revision}-{FILES[file_format]}"
    return file_answer(content, name=name, media_type=_INLINE[file_format])


@router.get("/screen-time/{ep_id}/manifests")
async def list_screen_time_manifests(
    ep_id: EpId, reports: Reports, _principal: Viewer, revision: Revision = None, run_id: Run = None
) -> ApiResult[RevisionFileList]:
    """List every file of a revision with its hash, and the versions of edits and links it is made from."""
    return ok(reports.files(await reports.find(ep_id, revision=revision, run_id=run_id)))


@router.get("/screen-time/{ep_id}/at")
async def find_visible_people(
    ep_id: EpId,
    reports: Reports,
    _principal: Viewer,
    t_s: Annotated[float, Query(ge=0, le=1e6, allow_inf_nan=False, description="Seconds from the first frame.")],
    revision: Revision = None,
    run_id: Run = None,
    participants: Participants = False,
) -> ApiResult[Moment]:
    """Say who is visible at a second of the episode."""
    document = await reports.document(await reports.find(ep_id, revision=revision, run_id=run_id))
    return ok(visible_at(only_participants(document) if participants else document, t_s))


@router.get("/screen-time/{ep_id}/together")
async def find_shared_time(
    ep_id: EpId,
    reports: Reports,
    _principal: Viewer,
    a: Annotated[Slug, Query(description="A cast id, or the identity id of somebody unidentified.")],
    b: Annotated[Slug, Query(description="Somebody else, in the same way.")],
    revision: Revision = None,
    run_id: Run = None,
) -> ApiResult[Together]:
    """Say when two people are visible at the same time."""
    return ok(when_together(await reports.document(await reports.find(ep_id, revision=revision, run_id=run_id)), a, b))
