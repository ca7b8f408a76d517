"""Events in, domain calls, events out."""

from __future__ import annotations

from chassis.kafka.bus import Origin
from contracts.events import (
    ClustersEdited,
    EpisodeDeleted,
    EpisodeGrouped,
    EpisodeProgress,
    Event,
    SegmentEmbedded,
    TracksErased,
)
from services.grouper.erasure import TrackErasure
from services.grouper.grouper import Grouper
from services.grouper.store.edits import EditStore
from services.grouper.store.runs import GrouperStore


class GrouperHandlers:
    """What the grouper does when a segment was embedded, the clusters were edited, an episode was deleted."""

    def __init__(self, *, store: GrouperStore, edits: EditStore, grouper: Grouper) -> None:
        self._store = store
        self._edits = edits
        self._grouper = grouper

    async def segment_embedded(self, event: SegmentEmbedded, _origin: Origin) -> list[Event]:
        """Note the segment; with the last one, group the episode. Later repeats are answered with the latest event."""
        arrived = await self._store.arrive(event)
        if arrived < event.segments:
            return []
        run = await self._store.run(event.run_id)
        if run is None:
            run = await self._store.save_first(
                await self._grouper.group_first(event, await self._edits.read(event.ep_id))
            )
        return [run.event, progress_of(run.event)]

    async def clusters_edited(self, event: ClustersEdited, _origin: Origin) -> list[Event]:
        """Group the run again, with all edits there are, unless a grouping includes this one already.

        Of several edits that one grouping includes, the first to be handled says so, and the last says it again in case
        the first could not. A run that is not grouped yet includes the edit when it is.
        """
        run = await self._store.run(event.run_id)
        if run is not None and run.event.edits_version > event.version:
            return []
        while run is not None and run.event.edits_version < event.version:
            book = await self._edits.read(event.ep_id)
            if book.version < event.version:  # the episode was deleted in between
                return []
            run = await self._store.save_next(await self._grouper.group_again(run, book))
        return [] if run is None else [run.event]

    async def episode_deleted(self, event: EpisodeDeleted, _origin: Origin) -> list[Event]:
        """Remove what is kept of the episode's runs."""
        if event.last_run_id is not None:
            await self._edits.forget(event.ep_id, event.last_run_id)
            await self._store.forget(event.ep_id, event.last_run_id)
        return []


class ErasureHandlers:
    """What the grouper does when somebody is to be forgotten."""

    def __init__(self, erasure: TrackErasure) -> None:
        self._erasure = erasure

    async def tracks_erased(self, event: TracksErased, _origin: Origin) -> list[Event]:
        """Forget the tracks' faces, and names in what operators wrote; said by the grouping without them."""
        grouped = await self._erasure.forget(event)
        return [] if grouped is None else [grouped]


def progress_of(event: EpisodeGrouped) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=event.ep_id,
        run_id=event.run_id,
        stage="grouper",
        done=1,
        total=1,
        media_s=event.duration_s,
        detail={"clusters": float(event.clusters), "tracks": float(event.tracks)},
    )
