"""Reading an episode for people: its reported identities, when they are visible, and whom they may be.

Everything here is computed from things that never change (a grouping, a facebank revision), so it is computed once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.cache import Memo
from chassis.domain.calibration import EmbedderCalibration, scale_of
from chassis.domain.intervals import Intervals
from chassis.domain.visibility import VisibilityRules
from chassis.errors import NotFound
from chassis.s3.artifact_reader import ArtifactReader
from contracts.rows import ClusterCentroidsDocument, IdentitiesDocument, Identity, ShotRow, TrackRow
from services.identity.facebank.cast import Show
from services.identity.facebank.gallery import Gallery, make_gallery
from services.identity.links.episode_links import EpisodeLinks
from services.identity.prominence.prominence import PersonProminence, person_prominence, track_prominences
from services.identity.recognised_with import RecognisedWith
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import Seen
from services.identity.screentime.screentime import visible_intervals
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore
from services.identity.store.revisions import Revision, RevisionStore, order_of
from services.identity.suggestions.evidence import IdentityEvidence, gather_evidence
from services.identity.suggestions.identities import CastSuggestions, first_looks, suggest_from
from services.identity.suggestions.second_look import Look
from services.identity.suggestions.temporal import TemporalSuggestion, get_temporal_suggestions

EPISODES_REMEMBERED = 8


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The identities of a grouping, by id."""

    identities: Mapping[str, Identity]

    @property
    def locked(self) -> frozenset[str]:
        return frozenset(key for key, identity in self.identities.items() if identity.locked)

    def identity(self, identity_id: str) -> Identity:
        """Raises NotFound `unknown_identity`."""
        found = self.identities.get(identity_id)
        if found is None:
            raise NotFound(
                "unknown_identity",
                f"The episode has no {identity_id} now: it may be merged, list the identities again.",
            )
        return found


@dataclass(frozen=True, kw_only=True)
class Content(Identities):
    """A grouping, joined: identities, their tracks, evidence and visible intervals, each by identity id."""

    key: str
    tracks: Sequence[TrackRow]
    shots: Sequence[ShotRow]
    members: Mapping[str, Sequence[TrackRow]]
    evidence: Mapping[str, IdentityEvidence]
    visible: Mapping[str, Intervals]
    prominence: Mapping[str, PersonProminence]

    @property
    def participants(self) -> frozenset[str]:
        """Identities the episode is about."""
        return frozenset(key for key, found in self.prominence.items() if found.participant)


@dataclass(frozen=True, kw_only=True)
class Roster:
    """Who is there and who may be who: what a command on links is checked against, without any evidence."""

    people: Identities
    show: Show


@dataclass(frozen=True, kw_only=True)
class Episode:
    """An episode as it is reported now."""

    links: EpisodeLinks
    revision: Revision
    show: Show
    content: Content

    def name_of(self, cast_id: str | None) -> str | None:
        return None if cast_id is None else self.show.members.get(cast_id, cast_id)


class EpisodeReader:
    """Answers without S3 or the inference server, once an episode's grouping was read."""

    def __init__(
        self,
        *,
        links: LinkStore,
        revisions: RevisionStore,
        facebanks: FacebankStore,
        reader: ArtifactReader,
        rules: IdentityThresholds,
        visibility: VisibilityRules,
    ) -> None:
        self._links = links
        self._revisions = revisions
        self._facebanks = facebanks
        self._reader = reader
        self._rules = rules
        self._visibility = visibility
        self._known_revisions: Memo[Revision] = Memo(4 * EPISODES_REMEMBERED)
        self._contents: Memo[Content] = Memo(EPISODES_REMEMBERED)
        self._galleries: Memo[tuple[Gallery, ...]] = Memo(EPISODES_REMEMBERED)
        self._looks: Memo[dict[str, Look]] = Memo(4 * EPISODES_REMEMBERED)
        self._suggestions: Memo[dict[str, CastSuggestions]] = Memo(4 * EPISODES_REMEMBERED)
        self._temporal: Memo[tuple[TemporalSuggestion, ...]] = Memo(4 * EPISODES_REMEMBERED)

    @property
    def rules(self) -> IdentityThresholds:
        return self._rules

    async def episode(self, ep_id: str) -> Episode:
        """Raises NotFound `unknown_episode` where nothing was reported yet."""
        links, revision, show = await self._reported(ep_id)
        return Episode(links=links, revision=revision, show=show, content=await self.content(revision))

    async def roster(self, ep_id: str) -> Roster:
        """Raises NotFound `unknown_episode` where nothing was reported yet."""
        _, revision, show = await self._reported(ep_id)
        named = await self._named(revision)
        people = {identity.identity_id: identity for identity in named.identities}
        return Roster(people=Identities(identities=people), show=show)

    async def _reported(self, ep_id: str) -> tuple[EpisodeLinks, Revision, Show]:
        links = await self._links.load(ep_id)
        if links is None:
            raise nothing_known(ep_id)
        revision, show = await asyncio.gather(
            self._known_revisions.get(
                order_of(links.run_id, links.revision), lambda: self._revision(links.run_id, links.revision)
            ),
            self._facebanks.show(links.show),
        )
        return links, revision, show or Show(show=links.show)

    async def _named(self, revision: Revision) -> IdentitiesDocument:
        return await self._reader.document(revision.reported.manifests["identities.json"], IdentitiesDocument)

    async def _revision(self, run_id: str, number: int) -> Revision:
        found = await self._revisions.get(run_id, number)
        if found is None:
            raise NotFound("unknown_episode", "The episode was deleted just now.")
        return found

    async def content(self, revision: Revision) -> Content:
        """The grouping that a revision is made from."""
        artifacts = revision.grouped.artifacts
        key = f"{artifacts['identities'].sha256}/{artifacts['tracks'].sha256}/{artifacts['tracks_npy'].sha256}"
        return await self._contents.get(key, lambda: self._read(key, revision))

    async def _read(self, key: str, revision: Revision) -> Content:
        artifacts, models = revision.grouped.artifacts, revision.recognised_with
        named = await self._named(revision)
        tracks = await self._reader.rows(artifacts["tracks"], TrackRow)
        shots = await self._reader.rows(artifacts["shots"], ShotRow)
        vectors = await self._reader.array(artifacts["tracks_npy"])
        centroids = await self._reader.document(artifacts["cluster_centroids"], ClusterCentroidsDocument)

        def join() -> Content:
            evidence, _ = gather_evidence(
                named.identities,
                tracks=tracks,
                track_vectors=vectors,
                centroids=centroids.centroids,
                model_id=models.model_id,
                dimension=models.dimension,
            )
            rows = {row.track_id: row for row in tracks}
            members = {
                identity.identity_id: [rows[track] for track in sorted(set(identity.track_ids)) if track in rows]
                for identity in named.identities
            }
            visible = visible_intervals(
                named.identities,
                Seen(tracks=tracks, shots=shots),
                duration_s=revision.grouped.duration_s,
                rules=self._visibility,
            )
            rules = self.rules.screen_time.prominence
            prominences = track_prominences(tracks, rules)
            return Content(
                key=key,
                identities={identity.identity_id: identity for identity in named.identities},
                tracks=tracks,
                shots=shots,
                members=members,
                evidence={person.identity_id: person for person in evidence},
                visible=visible,
                prominence={
                    who: person_prominence(found, visible[who], prominences, rules) for who, found in members.items()
                },
            )

        return await asyncio.to_thread(join)

    async def suggestions(self, episode: Episode) -> Mapping[str, CastSuggestions]:
        """Whom every identity may be, by identity id, without what people dismissed."""
        models, show = episode.revision.recognised_with, episode.show
        if models.calibration is None:
            reason = "The embedder is not calibrated, so nobody can be suggested."
            return {key: CastSuggestions(key, (), 0.0, reason) for key in episode.content.identities}
        galleries = await self._galleries.get(
            (show.show, show.revision, models.model_id), lambda: self._make_galleries(show.show, models)
        )
        key = (episode.content.key, show.show, show.revision, models.model_id)
        evidence = list(episode.content.evidence.values())
        looks = await self._looks.get(key, lambda: self._look(evidence, galleries, models))
        decided = episode.links.decided
        confirmed = {link.identity_id: link.cast_id for link in decided.links}
        dismissed = decided.dismissed_pairs

        async def suggest() -> dict[str, CastSuggestions]:
            found = await asyncio.to_thread(
                suggest_from,
                evidence,
                galleries,
                looks,
                calibration=_calibration_of(models),
                dismissed=dismissed,
                confirmed=confirmed,
                rules=self._rules.link,
            )
            return {suggestion.identity_id: suggestion for suggestion in found}

        decisions = (tuple(sorted(confirmed.items())), dismissed)
        return await self._suggestions.get((*key, decisions), suggest)

    async def _make_galleries(self, show: str, models: RecognisedWith) -> tuple[Gallery, ...]:
        references = await self._facebanks.references(show)
        rules = self._rules.gallery.on(scale_of(models.calibration))
        return tuple(
            make_gallery(cast_id, pictures, model_id=models.model_id, dimension=models.dimension, rules=rules)
            for cast_id, pictures in sorted(references.items())
        )

    async def _look(
        self, evidence: Sequence[IdentityEvidence], galleries: Sequence[Gallery], models: RecognisedWith
    ) -> dict[str, Look]:
        calibration = _calibration_of(models)
        return await asyncio.to_thread(
            first_looks, evidence, galleries, calibration=calibration, rules=self._rules.link
        )

    async def temporal(self, episode: Episode) -> tuple[TemporalSuggestion, ...]:
        """Who may be an identity that nobody recognises, by place and time."""
        suggestions = await self.suggestions(episode)
        links = episode.links.effective
        content = episode.content
        unknown = [key for key in content.identities if links.link_of(key) is None and suggestions[key].best is None]
        cast_of = {link.identity_id: link.cast_id for link in links.links if link.identity_id in content.identities}
        key = (content.key, tuple(sorted(cast_of.items())), tuple(unknown), links.dismissed)

        async def make() -> tuple[TemporalSuggestion, ...]:
            return await asyncio.to_thread(
                get_temporal_suggestions,
                list(content.identities.values()),
                tracks=content.tracks,
                shots=content.shots,
                cast_of=cast_of,
                identity_ids=unknown,
                dismissed=links.dismissed_pairs,
                simultaneous_s=self._rules.link.simultaneous_s,
                rules=self._rules.temporal,
            )

        return await self._temporal.get(key, make)


def _calibration_of(models: RecognisedWith) -> EmbedderCalibration:
    calibration = models.calibration
    assert calibration is not None  # noqa: S101 - asked before
    return calibration


def nothing_known(ep_id: str) -> NotFound:
    """NotFound `unknown_episode`."""
    return NotFound("unknown_episode", f"Nothing is known of the people of {ep_id} yet: wait for its first report.")
