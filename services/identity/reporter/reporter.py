"""Makes screen time revisions: reads a grouping, the cast and the links, computes, writes, stores.

The invariant: the latest revision of a run is made from the latest grouping and links that were known when its number
was taken. A worker reads the latest number first; whoever loses it reads everything again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from chassis.mongo.episode_facts import EpisodeReadModel
from chassis.s3.artifact_reader import ArtifactReader
from chassis.service import Resources
from contracts.blobs import BlobRef
from contracts.cast import CastDetails
from contracts.events import CastLinked, EpisodeGrouped, Event, ScreenTimeReported, VisibleSeconds
from contracts.ids import show_of
from contracts.rows import (
    CastLink,
    IdentitiesDocument,
    ScreenTimeDocument,
)
from contracts.sign_off import SignOff
from contracts.warnings import Warning
from services.identity.facebank.cast import Show
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import effective_links
from services.identity.links.transitions import LinkState
from services.identity.media.served_models import served_models
from services.identity.privacy.consent import without_consent_sentence
from services.identity.privacy.mentions import without_people
from services.identity.recognition import Facebank, Grouping, NewRevision, Recognition, RecognitionRules, recognise
from services.identity.reporter.files import RevisionFiles
from services.identity.screentime.changes import describe_changes
from services.identity.screentime.descriptions import Descriptions
from services.identity.screentime.screentime import visible_intervals
from services.identity.settings import IdentitySettings
from services.identity.signoff.log import SignOffs
from services.identity.signoff.statement import as_carried, changed_in_words
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore
from services.identity.store.people import PeopleStore
from services.identity.store.revisions import Revision, RevisionStore, basis_of, changed_links

MOST_ROUNDS = 100
"""Times a worker may lose a revision's number, or find that somebody changed the links meanwhile."""


class Reporter:
    """Reports an episode's screen time again whenever what it is made from has changed."""

    def __init__(
        self,
        resources: Resources[IdentitySettings],
        *,
        links: LinkStore,
        revisions: RevisionStore,
        facebanks: FacebankStore,
        people: PeopleStore,
        facts: EpisodeReadModel,
        reader: ArtifactReader,
    ) -> None:
        self._resources = resources
        self._links = links
        self._revisions = revisions
        self._facebanks = facebanks
        self._people = people
        self._facts = facts
        self._files = RevisionFiles(resources.storage, reader)
        self._rules = RecognitionRules(
            identity=resources.settings.recognition,
            visibility=resources.settings.visibility,
            representatives=resources.settings.representatives,
        )

    async def report(
        self, ep_id: str, run_id: str, *, cause: str, grouped: EpisodeGrouped | None = None, is_erasure: bool = False
    ) -> list[Event]:
        """Bring a run's screen time up to date; returns the events that say so, none when it was already.

        The same cause again, and a grouping that is reported already, are answered with the events stored then. A run
        without any revision needs `grouped` to get its first. A grouping counts while its run does; what people say
        counts for the run they see, until a later one is reported, and so does an erasure's grouping of it.
        """
        events, made = await self._revisions.caused_by(ep_id, run_id, cause), False
        for _ in range(MOST_ROUNDS):
            last, episode, bank, facts, is_open = await asyncio.gather(
                self._revisions.last(ep_id, run_id),
                self._links.load(ep_id),
                self._facebanks.show(show_of(ep_id)),
                self._facts.facts(ep_id),
                self._resources.fence.is_open(ep_id, run_id),
            )
            show = bank or Show(show=show_of(ep_id))
            said = Descriptions(show=show.external_ids, episode=facts.external_ids, members=show.details)
            last = _without_erased(last, show)
            grouping, of_seen_run = _latest(grouped, last), grouped is None or is_erasure
            if grouping is None or not (is_open or (of_seen_run and await self._is_seen(episode, run_id))):
                return events
            decided = episode.decided if episode else LinkState()
            sign_offs = episode.sign_offs if episode else SignOffs()
            if last is not None and last.basis == _basis(grouping, decided, last.automatic, show, said, sign_offs):
                if events and not made:
                    await self._finish(last)
                return events or (last.events if grouped is not None else [])
            revision, recognition, content = await self._compute(grouping, last, decided, sign_offs, show, said, cause)
            if await self._revisions.add(revision):
                await self._publish_files(revision, recognition.identities, content, before=last)
                events += revision.events
                made = True
        raise RuntimeError(f"{ep_id} changes faster than it can be reported")

    async def _is_seen(self, episode: EpisodeLinks | None, run_id: str) -> bool:
        """Whether a run's screen time is the one that people see, and the episode was not deleted."""
        if episode is None or episode.run_id != run_id:
            return False
        return not await self._resources.fence.is_deleted(episode.ep_id, run_id)

    async def _compute(
        self,
        grouped: EpisodeGrouped,
        last: Revision | None,
        decided: LinkState,
        sign_offs: SignOffs,
        show: Show,
        said: Descriptions,
        cause: str,
    ) -> tuple[Revision, Recognition, Grouping]:
        content = await self._files.read(grouped)
        number = last.number + 1 if last else 1
        before = last or _without_erased(await self._revision_of_earlier_run(grouped), show)
        names = dict(show.members)
        models = last.recognised_with if last else await served_models(self._resources.require_inference())
        references = await self._facebanks.references(show.show)
        if self._resources.settings.facebank.require_consent:
            unused = [
                Warning.of("cast_without_consent", without_consent_sentence(cast_id), subject=cast_id)
                for cast_id in sorted(set(names) - set(show.consents))
            ]
            content = replace(content, problems=(*content.problems, *unused))
        recognition = await asyncio.to_thread(
            recognise,
            content,
            Facebank(names=names, references=references),
            NewRevision(
                number=number,
                at=datetime.now(UTC).isoformat(timespec="seconds"),
                decided=decided,
                automatic=last.automatic if last else None,
                previous=before.document if before else None,
                reason=grouped.reason,
                link_event_ids={
                    identity.identity_id: _said(grouped, identity.identity_id, None, number).event_id
                    for identity in content.identities.identities
                },
            ),
            models=models,
            rules=self._rules,
        )
        described = said.added_to(recognition.screen_time, previous=before.document if before else None)
        recognition = replace(recognition, screen_time=described)
        recognition = await self._with_sign_off(recognition, sign_offs, before, show)
        manifests = await self._files.write(grouped, content, recognition, number)
        revision = Revision(
            grouped=grouped,
            basis=_basis(grouped, decided, recognition.automatic, show, said, sign_offs),
            cause=cause,
            links_version=decided.version,
            automatic=recognition.automatic,
            links=recognition.links,
            sign_offs_version=sign_offs.version,
            recognised_with=models,
            document=recognition.screen_time,
            cast_linked=tuple(
                _said(grouped, identity, link, number, show.details)
                for identity, link in changed_links(last.links if last else (), recognition.links)
            ),
            reported=_reported(grouped, recognition.screen_time, manifests, decided.version),
        )
        return revision, recognition, content

    async def _with_sign_off(
        self, recognition: Recognition, sign_offs: SignOffs, before: Revision | None, show: Show
    ) -> Recognition:
        """The result with the sign-off that counts, and what that has become since."""
        document, record = recognition.screen_time, sign_offs.standing
        signed: SignOff | None = None
        if record is not None and record.statement is not None:
            found = await self._revisions.get(record.statement.run_id, record.statement.revision)
            then = _without_erased(found, show)
            signed = as_carried(record, document, describe_changes(then.document if then else None, document))
        told = changed_in_words(before.document.signed_off if before else None, signed)
        changes = (*told, *document.changes)
        return replace(recognition, screen_time=document.model_copy(update={"signed_off": signed, "changes": changes}))

    async def _revision_of_earlier_run(self, grouped: EpisodeGrouped) -> Revision | None:
        """What was reported before this run, to say what the run changed."""
        episode = await self._links.load(grouped.ep_id)
        if episode is None or episode.run_id >= grouped.run_id:
            return None
        return await self._revisions.get(episode.run_id, episode.revision)

    async def _finish(self, revision: Revision) -> None:
        """Do again what follows the storing of a revision: whoever stored it may have died before the end."""
        await self._revisions.make_current(revision)
        identities = await self._files.identities(revision.reported)
        await self._publish_files(revision, identities, await self._files.read(revision.grouped), before=None)

    async def _publish_files(
        self, revision: Revision, identities: IdentitiesDocument, content: Grouping, *, before: Revision | None
    ) -> None:
        """What others look up by episode: the evidence on its people, and the current manifests.

        Manifests that the revision `before` made current are left alone.
        """
        models, reported = revision.recognised_with, revision.reported
        visible = await asyncio.to_thread(
            visible_intervals,
            content.identities.identities,
            content.seen,
            duration_s=content.duration_s,
            rules=self._rules.visibility,
        )
        await self._people.save(
            revision.order,
            identities,
            content.centroids,
            visible,
            model_id=models.model_id,
            dimension=models.dimension,
        )
        if await self._is_seen(await self._links.load(reported.ep_id), reported.run_id):
            await self._files.make_current(reported, before=before.reported if before else None)


def _latest(grouped: EpisodeGrouped | None, last: Revision | None) -> EpisodeGrouped | None:
    """A grouping that arrives late never takes the place of a later one."""
    if last is None or (grouped is not None and grouped.revision > last.grouped.revision):
        return grouped
    return last.grouped


def _without_erased(revision: Revision | None, show: Show) -> Revision | None:
    """What a later revision is made from and compared with: nobody who was erased since is in it."""
    if revision is None or not show.erased.erasures:
        return revision
    return replace(
        revision,
        automatic=tuple(link for link in revision.automatic if link.cast_id not in show.erased),
        links=tuple(link for link in revision.links if link.cast_id not in show.erased),
        document=without_people(revision.document, show.erased),
    )


def _basis(
    grouped: EpisodeGrouped,
    decided: LinkState,
    automatic: tuple[CastLink, ...],
    show: Show,
    said: Descriptions,
    sign_offs: SignOffs,
) -> str:
    links = effective_links(decided, automatic).links
    described = said.basis(grouped.ep_id, (link.cast_id for link in links))
    return basis_of(
        grouped.revision, decided.version, links, show.members, described, sign_offs_version=sign_offs.version
    )


def _said(
    event: EpisodeGrouped,
    identity_id: str,
    link: CastLink | None,
    revision: int,
    details: Mapping[str, CastDetails] | None = None,
) -> CastLinked:
    known = (details or {}).get(link.cast_id) if link else None
    return CastLinked(
        ep_id=event.ep_id,
        run_id=event.run_id,
        identity_id=identity_id,
        cast_id=link.cast_id if link else None,
        by=link.by if link else "operator",
        probability=link.probability if link else 0.0,
        margin=link.margin if link else 0.0,
        revision=revision,
        external_ids=known.external_ids if known and known.external_ids.given() else None,
    )


def _reported(
    event: EpisodeGrouped, document: ScreenTimeDocument, manifests: dict[str, BlobRef], links_version: int
) -> ScreenTimeReported:
    return ScreenTimeReported(
        ep_id=event.ep_id,
        run_id=event.run_id,
        revision=document.revision,
        duration_s=document.duration_s,
        report=manifests["report.html"],
        manifests=manifests,
        cast=tuple(
            VisibleSeconds(
                cast_id=person.cast_id,
                name=person.name,
                visible_s=person.visible_s,
                external_ids=person.details.external_ids if person.details.external_ids.given() else None,
                role=person.details.role,
                characters=person.details.characters,
            )
            for person in document.cast
        ),
        unidentified=len(document.unidentified),
        warnings=document.warnings,
        warning_details=document.warning_details,
        grouping_revision=event.revision,
        links_version=links_version,
        changes=document.changes,
        external_ids=document.external_ids if document.external_ids.given() else None,
        show_external_ids=document.show_external_ids if document.show_external_ids.given() else None,
        reason=event.reason,
        signed_off=document.signed_off,
    )
