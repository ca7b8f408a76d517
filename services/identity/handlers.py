"""Events in, domain calls, events out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from chassis.errors import BadInput
from chassis.kafka.bus import Origin
from chassis.service import Resources
from contracts.blobs import BlobRef, PictureRef
from contracts.events import (
    CastChanged,
    CastDescribed,
    CastUploaded,
    EpisodeChanged,
    EpisodeDeleted,
    EpisodeEvent,
    EpisodeGrouped,
    EpisodeProgress,
    Event,
    FacebankUpdated,
    LinksChanged,
    PictureVerdict,
    ReportRequested,
    ScreenTimeSigned,
    ShowDeleted,
)
from services.identity.commands.settle_references import SettleReferences
from services.identity.commands.shows import ShowDeletion
from services.identity.facebank.admission import check_may_be_compared
from services.identity.facebank.cast import Answer, Picture, Show
from services.identity.media.examiner import Examiner, refusal
from services.identity.reporter.reporter import Reporter
from services.identity.settings import IdentitySettings
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore
from services.identity.store.people import PeopleStore
from services.identity.store.presence import PresenceStore
from services.identity.store.revisions import RevisionStore

PICTURES_READ_AT_ONCE: Final = 4
"""Pictures of a cast that are fetched, looked at or kept at a time; the settings say how many of them are decoded."""


class IdentityHandlers:
    """What identity does when an episode was grouped, or people said who somebody is."""

    def __init__(
        self,
        reporter: Reporter,
        links: LinkStore,
        revisions: RevisionStore,
        people: PeopleStore,
        shows: ShowDeletion,
        references: SettleReferences,
        facebanks: FacebankStore,
        presence: PresenceStore,
    ) -> None:
        self._presence = presence
        self._reporter = reporter
        self._links = links
        self._revisions = revisions
        self._people = people
        self._shows = shows
        self._references = references
        self._facebanks = facebanks

    async def episode_grouped(self, event: EpisodeGrouped, origin: Origin) -> list[Event]:
        """Name the people, compute their screen time, write the manifests and tell subscribers."""
        said = await self._reporter.report(event.ep_id, event.run_id, cause=origin.event_id, grouped=event)
        await self._references.of_grouping(event.ep_id)
        return [*said, progress_of(event)]

    async def links_changed(self, event: LinksChanged, origin: Origin) -> list[Event]:
        """Report the screen time that people see with the links as they are now, though a later run be under way."""
        events = await self._report_what_is_seen(event, origin)
        await self._references.settle(event.ep_id)
        return events

    async def screen_time_signed(self, event: ScreenTimeSigned, origin: Origin) -> list[Event]:
        """Report the screen time that people see with its sign-off."""
        return await self._report_what_is_seen(event, origin)

    async def cast_changed(self, event: CastChanged, origin: Origin) -> list[Event]:
        """Ask for a report of every episode of the show that names the member, an event each: a show may have hundreds."""
        if event.action not in {"renamed", "removed"}:
            return []
        return _reports_of(await self._links.naming(event.show, event.cast_id), origin)

    async def cast_described(self, event: CastDescribed, origin: Origin) -> list[Event]:
        """Ask for a report of every episode of the show that names the member; of all where it is about the show."""
        return _reports_of(await self._links.naming(event.show, event.cast_id), origin)

    async def episode_changed(self, event: EpisodeChanged, origin: Origin) -> list[Event]:
        """Ask for a report of the episode where there is one: its ids may be others now."""
        episode = await self._links.load(event.ep_id)
        return _reports_of([(event.ep_id, episode.run_id)] if episode else [], origin)

    async def report_requested(self, event: ReportRequested, origin: Origin) -> list[Event]:
        """Report one episode again, as people see it."""
        return await self._report_what_is_seen(event, origin)

    async def _report_what_is_seen(self, event: EpisodeEvent, origin: Origin) -> list[Event]:
        episode = await self._links.load(event.ep_id)
        run_id = max(event.run_id, episode.run_id if episode else "")
        return await self._reporter.report(event.ep_id, run_id, cause=origin.event_id)

    async def show_deleted(self, event: ShowDeleted, _origin: Origin) -> None:
        """Remove the pictures, vectors and answers that the show had."""
        await self._shows.forget(event.show, datetime.fromisoformat(event.at))

    async def episode_deleted(self, event: EpisodeDeleted, _origin: Origin) -> None:
        """Forget the episode's people, links and screen time, who is there, its faces that became pictures."""
        await self._facebanks.drop_from_episode(event.ep_id)
        await self._revisions.forget(event.ep_id, event.last_run_id)
        await self._people.forget(event.ep_id, event.last_run_id)
        await self._presence.forget(event.ep_id)


def _reports_of(episodes: Iterable[tuple[str, str]], origin: Origin) -> list[Event]:
    """A request for each `(episode, run)`."""
    return [ReportRequested(ep_id=ep_id, run_id=run_id, cause=origin.event_id) for ep_id, run_id in episodes]


def progress_of(event: EpisodeGrouped) -> EpisodeProgress:
    """Says that this stage is done with a grouping."""
    return EpisodeProgress(
        ep_id=event.ep_id, run_id=event.run_id, stage="identity", done=1, total=1, media_s=event.duration_s
    )


class FacebankHandlers:
    """What identity does with reference pictures."""

    def __init__(self, resources: Resources[IdentitySettings], store: FacebankStore, examiner: Examiner) -> None:
        self._storage = resources.storage
        self._consent_required = resources.settings.facebank.require_consent
        self._store = store
        self._examiner = examiner

    async def cast_uploaded(self, event: CastUploaded, origin: Origin) -> list[Event]:
        """Check and embed every picture, store the good ones, and say what became of each.

        What was sent before the show was deleted is not for the show that has its name now.
        """
        show = await self._store.show(event.show) or Show(show=event.show)
        if show.deleted_at is not None and origin.time <= show.deleted_at:
            return []
        answer = await self._store.answered(event.show, event.request_id) or await self._handle(event, show)
        return [
            FacebankUpdated(
                show=event.show, request_id=event.request_id, revision=answer.revision, verdicts=answer.verdicts
            )
        ]

    async def _handle(self, event: CastUploaded, show: Show) -> Answer:
        sent = [(member.cast_id, ref) for member in event.cast for ref in member.pictures]
        pictures: list[Picture] = []
        verdicts: list[PictureVerdict] = []
        for start in range(0, len(sent), PICTURES_READ_AT_ONCE):
            looks = [self._examine(show, *one) for one in sent[start : start + PICTURES_READ_AT_ONCE]]
            for answer in await asyncio.gather(*looks, return_exceptions=True):  # nothing is kept after a failure
                if isinstance(answer, BaseException):
                    raise answer
                verdict, picture = answer
                verdicts.append(verdict)
                if picture is not None:
                    pictures.append(picture)
        return await self._store.save(
            event.show,
            request_id=event.request_id,
            members={member.cast_id: (member.name, member.details) for member in event.cast},
            pictures=pictures,
            verdicts=verdicts,
            replace=event.replace,
        )

    async def _examine(self, show: Show, cast_id: str, ref: PictureRef) -> tuple[PictureVerdict, Picture | None]:
        try:
            check_may_be_compared(show, cast_id, consent_required=self._consent_required)
        except BadInput as error:
            return refusal(cast_id, ref.filename, error), None
        blob = BlobRef(uri=ref.uri, sha256=ref.sha256, bytes=ref.bytes, media_type=ref.media_type)
        try:
            size, _ = await self._storage.describe(ref.uri)
            self._examiner.check_size(size)
            data = await self._storage.get(blob)
        except BadInput as error:
            return refusal(cast_id, ref.filename, error), None
        return await self._examiner.examine(show.show, cast_id, ref.filename, data, ref=ref)
