"""Commands on clusters: each is an edit, accepted in one write; the grouping with its effect follows."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Response

from chassis.commands import Order
from chassis.http.auth import Operator
from chassis.http.results import ApiModel, ApiResult
from chassis.http.routing import Router
from chassis.http.versions import CommandId, ExpectedVersion
from services.grouper.edits.kinds import (
    Command,
    DropTracks,
    KeepApart,
    LockCluster,
    MergeClusters,
    MoveTimeRange,
    MoveTracks,
    ReclusterEpisode,
    RenameCluster,
    RestoreTracks,
    SplitCluster,
    UnlockCluster,
)
from services.grouper.edits.kinds.base import AnIdentity, Why
from services.grouper.routers.edits import EditAnswer, answer_of
from services.grouper.routers.parameters import Edits, Episode, WaitS

router = Router(tags=["clusters"])


class SplitInTwo(ApiModel):
    """The cluster in which two people are to be found."""

    identity_id: AnIdentity
    why: Why = None


class Acceptance:
    """What all commands have in common: who, for which version, known by which id."""

    def __init__(
        self,
        ep_id: Episode,
        response: Response,
        principal: Operator,
        expected: ExpectedVersion,
        command_id: CommandId,
        edits: Edits,
        wait_s: WaitS = 0.0,
    ) -> None:
        self._ep_id, self._response, self._edits, self._wait_s = ep_id, response, edits, wait_s
        self._asked = Order(who=principal.name, command_id=command_id, expected=expected)

    async def apply(self, command: Command) -> ApiResult[EditAnswer]:
        asked = replace(self._asked, why=command.why)
        return answer_of(await self._edits.apply(self._ep_id, command, asked, wait_s=self._wait_s), self._response)

    async def split_in_two(self, command: SplitInTwo) -> ApiResult[EditAnswer]:
        asked = replace(self._asked, why=command.why)
        accepted = await self._edits.split_in_two(self._ep_id, command.identity_id, asked, wait_s=self._wait_s)
        return answer_of(accepted, self._response)


Accept = Annotated[Acceptance, Depends()]


@router.post("/clusters/{ep_id}/merge")
async def merge_clusters(command: MergeClusters, accept: Accept) -> ApiResult[EditAnswer]:
    """Make one person of several clusters; the target keeps its id."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/split")
async def split_cluster(command: SplitCluster, accept: Accept) -> ApiResult[EditAnswer]:
    """Split tracks off a cluster: they are somebody else."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/move-tracks")
async def move_tracks(command: MoveTracks, accept: Accept) -> ApiResult[EditAnswer]:
    """Give tracks to another cluster, or to a new person."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/move-range")
async def move_time_range(command: MoveTimeRange, accept: Accept) -> ApiResult[EditAnswer]:
    """Give a time range of a track to another cluster, or to a new person."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/not-same")
async def keep_clusters_apart(command: KeepApart, accept: Accept) -> ApiResult[EditAnswer]:
    """Say that two clusters are never one person."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/lock")
async def lock_cluster(command: LockCluster, accept: Accept) -> ApiResult[EditAnswer]:
    """Lock a cluster that is complete and right."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/unlock")
async def unlock_cluster(command: UnlockCluster, accept: Accept) -> ApiResult[EditAnswer]:
    """Unlock a cluster, so that it may change again."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/drop")
async def drop_tracks(command: DropTracks, accept: Accept) -> ApiResult[EditAnswer]:
    """Drop tracks that show nobody: a poster, a doll."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/restore")
async def restore_tracks(command: RestoreTracks, accept: Accept) -> ApiResult[EditAnswer]:
    """Bring dropped tracks back."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/rename")
async def rename_cluster(command: RenameCluster, accept: Accept) -> ApiResult[EditAnswer]:
    """Name a person who is nobody of the cast, or take the name away."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/recluster")
async def recluster_episode(command: ReclusterEpisode, accept: Accept) -> ApiResult[EditAnswer]:
    """Group the episode with other thresholds from here on."""
    return await accept.apply(command)


@router.post("/clusters/{ep_id}/split-in-two")
async def split_cluster_in_two(command: SplitInTwo, accept: Accept) -> ApiResult[EditAnswer]:
    """Split a cluster where it looks like two people; refused where it looks like one."""
    return await accept.split_in_two(command)
