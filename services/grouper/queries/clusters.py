"""What people read of an episode's clusters, and what would change if they edited them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from chassis.cache import Memo
from chassis.domain.visibility import VisibilityRules
from chassis.errors import BadInput, Conflict
from chassis.mongo.run_fence import RunFence
from chassis.s3.artifact_reader import ArtifactReader
from contracts.events import EpisodeGrouped
from contracts.rows import ClusterCentroidsDocument, FaceRow, ShotRow, TrackRow
from services.grouper.clustering.doubts import find_duplicates
from services.grouper.clustering.review import Duplicate, Outlier, find_outliers
from services.grouper.clustering.two_people import TwoPeople, find_two_people
from services.grouper.edits.kinds import Command
from services.grouper.edits.log import EditLog, EditRecord, active_edits, highest_number_made
from services.grouper.edits.people import People
from services.grouper.edits.preview import Preview, SecondsRule, Side, compare
from services.grouper.edits.replay import thresholds_in_force
from services.grouper.episode.documents import identities_document
from services.grouper.grouper import Grouper, scale_of
from services.grouper.queries.cluster_view import ClusterView, people_of, view_of
from services.grouper.rules import GrouperThresholds
from services.grouper.store.edits import EditStore
from services.grouper.store.runs import GroupedRun, GrouperStore

REMEMBERED = 8
"""Views, and lists of each kind, of so many groupings are kept."""


class ClusterQueries:
    """Reads groupings for people."""

    def __init__(
        self,
        *,
        reader: ArtifactReader,
        store: GrouperStore,
        edits: EditStore,
        grouper: Grouper,
        fence: RunFence,
        rules: GrouperThresholds,
        visibility: VisibilityRules,
    ) -> None:
        self._reader = reader
        self._store = store
        self._edits = edits
        self._grouper = grouper
        self._fence = fence
        self._rules = rules
        self._visibility = visibility
        self._views: Memo[ClusterView] = Memo(REMEMBERED)
        self._people: Memo[People] = Memo(REMEMBERED)
        self._duplicates: Memo[list[Duplicate]] = Memo(REMEMBERED)
        self._outliers: Memo[list[Outlier]] = Memo(REMEMBERED)
        self._previews = asyncio.Semaphore(1)

    async def run_of(self, ep_id: str) -> GroupedRun:
        """The latest grouping of an episode.

        Raises:
            Conflict: `not_grouped_yet`.
        """
        run = await self._store.latest(ep_id)
        if run is None:
            raise Conflict("not_grouped_yet", f"{ep_id} is not grouped yet: wait until its run has come that far.")
        return run

    async def open_run_of(self, ep_id: str) -> GroupedRun:
        """The latest grouping where it is of the run that counts, which edits are for; raises as `run_of`."""
        run = await self.run_of(ep_id)
        if not await self._fence.is_open(ep_id, run.event.run_id):
            raise Conflict("not_grouped_yet", f"The current run of {ep_id} is not grouped yet: edit it when it is.")
        return run

    async def view(self, run: GroupedRun) -> ClusterView:
        """A grouping, indexed."""
        event = run.event

        async def make() -> ClusterView:
            reader = self._reader
            return await asyncio.to_thread(
                view_of,
                await self._grouper.identities(event),
                await reader.rows(event.artifacts["tracks"], TrackRow),
                await reader.rows(event.artifacts["faces"], FaceRow),
                await self._seconds_rule(event),
            )

        return await self._views.get((event.run_id, event.revision), make)

    async def people(self, run: GroupedRun) -> People:
        """Who is who in a grouping: all that a command has to know of it."""

        async def make() -> People:
            identities = (await self._grouper.identities(run.event)).identities
            tracks = await self._reader.rows(run.event.artifacts["tracks"], TrackRow)
            return people_of(identities, tracks, await self._grouper.kept_ids(run))

        return await self._people.get((run.event.run_id, run.event.revision), make)

    async def people_for(self, run: GroupedRun, log: EditLog) -> People:
        """Who is who, and who comes next: what a command after these edits is checked against."""
        number = max(run.highest_number, highest_number_made(log)) + 1
        return replace(await self.people(run), next_number=number)

    async def edits_version(self, ep_id: str) -> int:
        return await self._edits.version(ep_id)

    async def duplicates(self, run: GroupedRun) -> list[Duplicate]:
        """Pairs of clusters that may be one person, nearest first."""
        book = await self._edits.read(run.event.ep_id)

        async def find() -> list[Duplicate]:
            view, centroids = await self.view(run), await self._centroids(run.event)
            resolved = await self._grouper.resolve(run, book.log)
            return await asyncio.to_thread(
                find_duplicates,
                view.identities.identities,
                view.tracks,
                centroids.centroids,
                apart=[pair for edit in resolved.edits if all(pair := edit.apart())],
                sample_period_s=run.sample_period_s,
                rules=self._in_force(run, book.log),
            )

        return await self._duplicates.get((run.event.run_id, run.event.revision, book.version), find)

    async def outliers(self, run: GroupedRun) -> list[Outlier]:
        """Tracks that may be in the wrong cluster, the most doubtful first."""
        book = await self._edits.read(run.event.ep_id)

        async def find() -> list[Outlier]:
            view, centroids = await self.view(run), await self._centroids(run.event)
            return await asyncio.to_thread(
                find_outliers,
                centroids.centroids,
                view.identities.identities,
                view.tracks,
                await self._reader.array(run.event.artifacts["tracks_npy"]),
                merge_distance=self._in_force(run, book.log).clustering.merge_limit,
            )

        return await self._outliers.get((run.event.run_id, run.event.revision, book.version), find)

    async def two_people(self, run: GroupedRun, identity_id: str) -> TwoPeople:
        """Where an identity would be cut in two.

        Raises:
            NotFound: `unknown_identity`.
        """
        view = await self.view(run)
        book = await self._edits.read(run.event.ep_id)
        rows = [view.people.tracks[track] for track in view.people.identity(identity_id).track_ids]
        if len(rows) > self._rules.preview.most_tracks:
            raise BadInput(
                "too_many_tracks", f"{identity_id} has more than {self._rules.preview.most_tracks} tracks to compare."
            )
        return await asyncio.to_thread(
            find_two_people,
            rows,
            await self._reader.array(run.event.artifacts["tracks_npy"]),
            sample_period_s=run.sample_period_s,
            rules=self._in_force(run, book.log).clustering,
        )

    async def preview(self, ep_id: str, command: Command) -> Preview:
        """What a command would change, with all edits of now; raises as `EditRequest.edit`."""
        run = await self.open_run_of(ep_id)
        view, book = await self.view(run), await self._edits.read(ep_id)
        record = EditRecord(
            edit_id="preview",
            action="apply",
            by="preview",
            at="",
            edit=command.edit(await self.people_for(run, book.log)),
            run_id=run.event.run_id,
        )
        async with self._previews:
            edited = await self._grouper.group(run, (*book.log, record))
        document = identities_document(
            edited.grouping, edited.faces, ep_id=ep_id, run_id=run.event.run_id, revision=run.event.revision + 1
        )
        before = Side(view.identities.identities, view.tracks, view.identities.warnings)
        after = Side(document.identities, edited.grouping.tracks, document.warnings)
        return await asyncio.to_thread(compare, before, after, view.rule)

    def _in_force(self, run: GroupedRun, log: EditLog) -> GrouperThresholds:
        return thresholds_in_force(self._rules.on(scale_of(run.event)), active_edits(log))

    async def _centroids(self, event: EpisodeGrouped) -> ClusterCentroidsDocument:
        return await self._reader.document(event.artifacts["cluster_centroids"], ClusterCentroidsDocument)

    async def _seconds_rule(self, event: EpisodeGrouped) -> SecondsRule:
        shots = await self._reader.rows(event.artifacts["shots"], ShotRow)
        return SecondsRule(shots, duration_s=event.duration_s, rules=self._visibility)
