"""Taking a person, or everybody without a name, out of one episode: one unit of work, to be repeated until it is done.

Nothing is done by halves: links first, then the grouping without the person's tracks, then the report that is made from
both, and last everything that only earlier revisions need. Each step sees by itself whether it was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chassis.domain.redaction import redact
from chassis.kafka.bus import Bus
from chassis.mongo.grouper_read_model import GrouperReadModel
from chassis.retrying import until_stored
from chassis.s3.artifact_reader import ArtifactReader
from contracts.events import EpisodeGrouped, Event, TracksErased
from contracts.rows import IdentitiesDocument
from services.identity.commands.purge import RevisionPurge
from services.identity.links.episode_links import EpisodeLinks
from services.identity.privacy.forget_links import is_named_in, says_any_of
from services.identity.privacy.mentions import names_person
from services.identity.signoff.log import forget_in_notes
from services.identity.store.erasures import EpisodeProgress, Erasure
from services.identity.store.links import LinkStore
from services.identity.store.revisions import Revision, RevisionStore

ASK_AGAIN = timedelta(seconds=60)
"""When the grouper is asked again for what it has not done yet."""


class Reports(Protocol):
    """Makes an episode's screen time again; what it returns is to be published."""

    async def report(
        self, ep_id: str, run_id: str, *, cause: str, grouped: EpisodeGrouped | None = None, is_erasure: bool = False
    ) -> list[Event]: ...


@dataclass(frozen=True, kw_only=True)
class Step:
    """How far an episode is after one look at it; `is_done` when nothing of the person was left."""

    progress: EpisodeProgress
    is_done: bool = False
    removed: Mapping[str, int] = field(default_factory=dict)


class EpisodeErasures:
    """Works on one episode of an erasure."""

    def __init__(
        self,
        bus: Bus,
        *,
        links: LinkStore,
        revisions: RevisionStore,
        reader: ArtifactReader,
        reporter: Reports,
        grouper: GrouperReadModel,
        purge: RevisionPurge,
    ) -> None:
        self._bus = bus
        self._links = links
        self._revisions = revisions
        self._reader = reader
        self._reporter = reporter
        self._grouper = grouper
        self._purge = purge

    async def find(self, erasure: Erasure, ep_id: str, progress: EpisodeProgress) -> EpisodeProgress:
        """Whose tracks are concerned. To be kept before `forget` is called: afterwards nothing says who it was."""
        _, revision = await self._seen(ep_id)
        if revision is None:
            return progress
        people = await self._people(revision)
        named = {link.identity_id for link in revision.links if link.cast_id == erasure.cast_id}
        if erasure.kind == "strangers":
            named = {one.identity_id for one in people.identities if one.cast_id is None}
        tracks = {track for one in people.identities if one.identity_id in named for track in one.track_ids}
        run_id = revision.reported.run_id
        if progress.run_id == run_id:
            tracks |= set(progress.tracks)
        if (run_id, tracks) == (progress.run_id, set(progress.tracks)):
            return progress
        return replace(
            progress,
            run_id=run_id,
            tracks=tuple(sorted(tracks)),
            found=max(progress.found, len(tracks)),
            asked=None,
        )

    async def forget(self, erasure: Erasure, ep_id: str, progress: EpisodeProgress) -> Step:
        """One look at the episode: do what can be done now.

        Raises:
            DependencyUnavailable.
        """
        episode, revision = await self._seen(ep_id)
        if episode is None or revision is None or progress.run_id not in (None, episode.run_id):
            return Step(progress=progress, is_done=episode is None or revision is None)
        removed: dict[str, int] = {}
        if erasure.cast_id is not None:
            removed["links"] = await self._forget_links(ep_id, revision, erasure.cast_id, erasure.texts)
        part = part_of(erasure.erasure_id, episode.run_id, progress.tracks)
        grouped = await self._grouper.grouped(episode.run_id)
        if grouped is not None and part not in grouped.erasures:
            is_concerned = bool(progress.tracks) or await self._is_label(grouped, erasure.texts)
            is_waiting = is_concerned or not await self._grouper.edits_are_without(ep_id, part)
            if is_waiting or progress.asked != part:
                return Step(progress=await self._ask(erasure, ep_id, episode.run_id, part, progress), removed=removed)
        elif grouped is not None and part not in revision.grouped.erasures:
            await self._report(erasure, ep_id, episode.run_id, part, grouped)
        if erasure.cast_id is not None and self._is_named((await self._seen(ep_id))[1] or revision, erasure):
            await self._report(erasure, ep_id, episode.run_id, f"{part}/links/{episode.version}", None)
        episode, revision = await self._seen(ep_id)
        if episode is None or revision is None:
            return Step(progress=progress, is_done=True)
        if self._is_named(revision, erasure) or (
            grouped is not None and part in grouped.erasures and part not in revision.grouped.erasures
        ):
            return Step(progress=progress, removed=removed)
        purged = await self._purge.purge(ep_id)
        removed |= {"revisions": purged.revisions, "objects": purged.objects}
        return Step(progress=replace(progress, passes=progress.passes + 1), is_done=True, removed=removed)

    async def _seen(self, ep_id: str) -> tuple[EpisodeLinks | None, Revision | None]:
        episode = await self._links.load(ep_id, history=True)
        return episode, None if episode is None else await self._revisions.last(ep_id, episode.run_id)

    async def _people(self, revision: Revision) -> IdentitiesDocument:
        return await self._reader.document(revision.reported.manifests["identities.json"], IdentitiesDocument)

    async def _is_label(self, grouped: EpisodeGrouped, texts: Sequence[str]) -> bool:
        """Whether operators called somebody of the grouping by one of the names."""
        people = await self._reader.document(grouped.artifacts["identities"], IdentitiesDocument)
        return any(one.label is not None and redact(one.label, texts) != one.label for one in people.identities)

    async def _ask(
        self, erasure: Erasure, ep_id: str, run_id: str, part: str, progress: EpisodeProgress
    ) -> EpisodeProgress:
        """Ask the grouper to forget the tracks, and again after a while: the bus may have lost it."""
        now = datetime.now(UTC)
        if progress.asked == part and progress.asked_at is not None and now < progress.asked_at + ASK_AGAIN:
            return progress
        await self._bus.publish(
            TracksErased(
                ep_id=ep_id,
                run_id=run_id,
                erasure_id=part,
                track_ids=progress.tracks,
                times_stay=erasure.kind == "strangers",
                texts=erasure.texts,
            )
        )
        return replace(progress, asked=part, asked_at=now)

    async def _forget_links(self, ep_id: str, revision: Revision, cast_id: str, texts: Sequence[str]) -> int:
        """Take the person out of the links; returns how many named them."""
        named = names_person(revision.document, (*revision.links, *revision.automatic), cast_id, texts)

        async def attempt() -> int | None:
            episode = await self._links.load(ep_id, history=True)
            if episode is None or not (named or _is_linked(episode, cast_id, texts)):
                return 0
            taken_out = await self._links.forget(episode, cast_id, texts)
            return sum(link.cast_id == cast_id for link in episode.effective.links) if taken_out else None

        busy = RuntimeError(f"the links of {ep_id} change faster than a person can be taken out of them")
        return await until_stored(attempt, busy=busy)

    def _is_named(self, revision: Revision, erasure: Erasure) -> bool:
        if erasure.cast_id is None:
            return False
        return names_person(revision.document, (*revision.links, *revision.automatic), erasure.cast_id, erasure.texts)

    async def _report(
        self, erasure: Erasure, ep_id: str, run_id: str, part: str, grouped: EpisodeGrouped | None
    ) -> None:
        cause = f"erasure/{erasure.erasure_id}/{part}"
        events = await self._reporter.report(ep_id, run_id, cause=cause, grouped=grouped, is_erasure=True)
        await self._bus.publish(*events)


def part_of(erasure_id: str, run_id: str, tracks: Sequence[str]) -> str:
    """Names what an erasure asks the grouper for: these tracks of this run."""
    digest = hashlib.sha256("\n".join((run_id, *tracks)).encode()).hexdigest()
    return f"{erasure_id}.{digest[:12]}"


def _is_linked(episode: EpisodeLinks, cast_id: str, texts: Sequence[str]) -> bool:
    links = (*episode.decided.links, *episode.automatic)
    return (
        cast_id in episode.named
        or any(link.cast_id == cast_id for link in links)
        or any(entry.cast_id == cast_id for entry in episode.decided.dismissed)
        or any(is_named_in(one, cast_id) or says_any_of(one, texts) for one in episode.commands)
        or forget_in_notes(episode.sign_offs.log, texts) != episode.sign_offs.log
    )
