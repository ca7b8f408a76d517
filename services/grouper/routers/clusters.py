"""Reading clusters, and previewing what an edit would change."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from chassis.http.auth import Viewer
from chassis.http.results import ApiResult, Page, ok, page_of
from chassis.http.routing import Router
from chassis.http.versions import tag
from contracts.ids import IdentityId, RunId, TrackId
from contracts.rows import GroupingMetrics
from services.grouper.edits.kinds import Command
from services.grouper.edits.preview import Preview
from services.grouper.queries.cluster_view import ClusterMember, ClusterSummary
from services.grouper.routers.parameters import Clusters, Cursor, Episode, Limit, OneIdentity, Pictures
from services.grouper.store.runs import GroupedRun

router = Router(tags=["clusters"])


class Grouped(BaseModel):
    """Which grouping an answer is about. `pending_edits`: accepted ones that the next grouping will include."""

    run_id: RunId
    grouping_revision: int
    edits_version: int = Field(description="Version of the edits now, as the ETag says it.")
    pending_edits: int


class ClusterPage(Page[ClusterSummary]):
    """A page of an episode's clusters."""

    grouping: Grouped


class ClusterDetail(BaseModel):
    """A cluster and its tracks in order of time."""

    cluster: ClusterSummary
    members: Page[ClusterMember]
    grouping: Grouped


class ClusterHealth(BaseModel):
    """How healthy the clustering looks."""

    metrics: GroupingMetrics
    warnings: tuple[str, ...]
    grouping: Grouped


class DuplicatePair(BaseModel):
    """Two clusters that may be one person. `distance` in merge distances: below 1 they are nearly the same face."""

    first: ClusterSummary
    second: ClusterSummary
    distance: float


class OutlyingTrack(BaseModel):
    """A track that may be in the wrong cluster. Distances to the centres in merge distances."""

    member: ClusterMember
    distance: float
    nearest_other: IdentityId | None
    distance_to_other: float | None


class LeftoverTrack(BaseModel):
    """A track that is nobody known, and why."""

    member: ClusterMember
    reason: str


class TwoPeople(BaseModel):
    """A proposal to split a cluster in two, `second` being the part to split off."""

    identity_id: IdentityId
    is_two: bool
    verdict: str
    first: tuple[TrackId, ...]
    second: tuple[TrackId, ...]
    separation: float = Field(description="Between the centres of the two parts, in merge distances.")
    spread: float = Field(description="Mean distance of the tracks to the centre of their part, in merge distances.")
    simultaneous: int = Field(description="Pairs of tracks, one of each part, seen in one frame.")


async def _grouped(clusters: Clusters, run: GroupedRun, response: Response) -> Grouped:
    version = await clusters.edits_version(run.event.ep_id)
    tag(response, version)
    return Grouped(
        run_id=run.event.run_id,
        grouping_revision=run.event.revision,
        edits_version=version,
        pending_edits=max(0, version - run.event.edits_version),
    )


@router.get("/clusters/{ep_id}")
async def list_clusters(
    ep_id: Episode,
    response: Response,
    _principal: Viewer,
    clusters: Clusters,
    limit: Limit = 100,
    cursor: Cursor = None,
    sort: Annotated[Literal["identity_id", "seconds"], Query(description="`seconds`: most visible first.")] = "seconds",
) -> ApiResult[ClusterPage]:
    """The people that the faces of an episode were grouped into."""
    run = await clusters.run_of(ep_id)
    grouped = await _grouped(clusters, run, response)
    view = await clusters.view(run)
    page = page_of(
        view.summaries,
        key=lambda one: (-one.seconds, one.identity_id) if sort == "seconds" else (one.identity_id,),
        kinds=(float, str) if sort == "seconds" else (str,),
        cursor=cursor,
        limit=limit,
    )
    return ok(ClusterPage(items=page.items, next_cursor=page.next_cursor, total=page.total, grouping=grouped))


@router.get("/clusters/{ep_id}/metrics")
async def read_cluster_metrics(
    ep_id: Episode, response: Response, _principal: Viewer, clusters: Clusters
) -> ApiResult[ClusterHealth]:
    """How healthy the clustering of an episode looks, with a sentence for everything that looks wrong."""
    run = await clusters.run_of(ep_id)
    grouped = await _grouped(clusters, run, response)
    document = (await clusters.view(run)).identities
    return ok(ClusterHealth(metrics=document.metrics, warnings=document.warnings, grouping=grouped))


@router.get("/clusters/{ep_id}/duplicates")
async def list_duplicate_clusters(
    ep_id: Episode, _principal: Viewer, clusters: Clusters, limit: Limit = 50, cursor: Cursor = None
) -> ApiResult[Page[DuplicatePair]]:
    """Pairs of clusters that may be one person, nearest first; pairs that are known to be two are left out."""
    run = await clusters.run_of(ep_id)
    summary = {one.identity_id: one for one in (await clusters.view(run)).summaries}
    page = page_of(
        await clusters.duplicates(run),
        key=lambda pair: (pair.distance, pair.first, pair.second),
        kinds=(float, str, str),
        cursor=cursor,
        limit=limit,
    )
    items = tuple(
        DuplicatePair(first=summary[pair.first], second=summary[pair.second], distance=pair.distance)
        for pair in page.items
    )
    return ok(Page(items=items, next_cursor=page.next_cursor, total=page.total))


@router.get("/clusters/{ep_id}/outliers")
async def list_outlying_tracks(
    ep_id: Episode,
    _principal: Viewer,
    clusters: Clusters,
    limit: Limit = 50,
    cursor: Cursor = None,
    pictures: Pictures = 1,
) -> ApiResult[Page[OutlyingTrack]]:
    """Tracks far from the centre of their cluster, or nearer to another one, the most doubtful first."""
    run = await clusters.run_of(ep_id)
    view = await clusters.view(run)
    page = page_of(
        list(enumerate(await clusters.outliers(run))),
        key=lambda item: (item[0],),
        kinds=(int,),
        cursor=cursor,
        limit=limit,
    )
    items = tuple(
        OutlyingTrack(
            member=view.member(one.track_id, pictures=pictures),
            distance=one.distance,
            nearest_other=one.nearest_other,
            distance_to_other=one.distance_to_other,
        )
        for _, one in page.items
    )
    return ok(Page(items=items, next_cursor=page.next_cursor, total=page.total))


@router.get("/clusters/{ep_id}/rescued")
async def list_rescued_tracks(
    ep_id: Episode,
    _principal: Viewer,
    clusters: Clusters,
    limit: Limit = 50,
    cursor: Cursor = None,
    pictures: Pictures = 1,
) -> ApiResult[Page[ClusterMember]]:
    """Lone and poor tracks that joined the cluster they clearly resemble."""
    view = await clusters.view(await clusters.run_of(ep_id))
    rescued = [track for one in view.identities.identities for track in one.rescued_track_ids]
    page = page_of(rescued, key=lambda track: (track,), kinds=(str,), cursor=cursor, limit=limit)
    items = tuple(view.member(track, pictures=pictures) for track in page.items)
    return ok(Page(items=items, next_cursor=page.next_cursor, total=page.total))


@router.get("/clusters/{ep_id}/leftovers")
async def list_leftover_tracks(
    ep_id: Episode,
    _principal: Viewer,
    clusters: Clusters,
    limit: Limit = 50,
    cursor: Cursor = None,
    pictures: Pictures = 1,
) -> ApiResult[Page[LeftoverTrack]]:
    """Tracks of nobody known, each with its reason; dropped ones are among them."""
    view = await clusters.view(await clusters.run_of(ep_id))
    page = page_of(view.leftovers(), key=lambda item: item, kinds=(str, str), cursor=cursor, limit=limit)
    items = tuple(
        LeftoverTrack(member=view.member(track, pictures=pictures), reason=reason) for track, reason in page.items
    )
    return ok(Page(items=items, next_cursor=page.next_cursor, total=page.total))


@router.post("/clusters/{ep_id}/preview")
async def preview_edit(ep_id: Episode, command: Command, _principal: Viewer, clusters: Clusters) -> ApiResult[Preview]:
    """What any edit would change, with its effect on screen time, without applying it."""
    return ok(await clusters.preview(ep_id, command))


@router.get("/clusters/{ep_id}/{identity_id}")
async def read_cluster(
    ep_id: Episode,
    identity_id: OneIdentity,
    response: Response,
    _principal: Viewer,
    clusters: Clusters,
    limit: Limit = 100,
    cursor: Cursor = None,
    pictures: Pictures = 3,
) -> ApiResult[ClusterDetail]:
    """One cluster with its tracks, their times, quality and pictures."""
    run = await clusters.run_of(ep_id)
    grouped = await _grouped(clusters, run, response)
    view = await clusters.view(run)
    tracks = [view.people.tracks[track] for track in view.people.identity(identity_id).track_ids]
    page = page_of(tracks, key=lambda row: (row.start_s, row.track_id), kinds=(float, str), cursor=cursor, limit=limit)
    members = tuple(view.member(row.track_id, pictures=pictures) for row in page.items)
    summary = next(one for one in view.summaries if one.identity_id == identity_id)
    return ok(
        ClusterDetail(
            cluster=summary,
            members=Page(items=members, next_cursor=page.next_cursor, total=page.total),
            grouping=grouped,
        )
    )


@router.get("/clusters/{ep_id}/{identity_id}/two-people")
async def find_two_people(
    ep_id: Episode, identity_id: OneIdentity, _principal: Viewer, clusters: Clusters
) -> ApiResult[TwoPeople]:
    """Where this cluster would be cut in two, and whether it looks like two people at all."""
    found = await clusters.two_people(await clusters.run_of(ep_id), identity_id)
    return ok(
        TwoPeople(
            identity_id=identity_id,
            is_two=found.is_two,
            verdict=found.verdict,
            first=found.first,
            second=found.second,
            separation=round(found.separation, 4),
            spread=round(found.spread, 4),
            simultaneous=found.simultaneous,
        )
    )
