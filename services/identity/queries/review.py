"""The review queue of an episode: what to ask a person next, with the evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.cache import Memo
from chassis.s3.artifact_reader import ArtifactReader
from contracts.rows import FaceRow, GroupingDoubts
from services.identity.facebank.gallery import Reference
from services.identity.figures.figures import find_figures, judge_figures
from services.identity.links.conflicts import find_clashes
from services.identity.queries.episodes import Episode, EpisodeReader
from services.identity.queries.faces import FacesOfTracks, by_track
from services.identity.review.evidence import as_evidence, most_different
from services.identity.review.questions import Evidence, Question, ReferencePicture
from services.identity.review.queue import Queue, make_queue
from services.identity.review.situation import Situation
from services.identity.store.facebanks import FacebankStore
from services.identity.store.review import PutOffStore

REMEMBERED = 4


@dataclass(frozen=True, kw_only=True)
class Review:
    """The queue of an episode with the questions that are shown, complete with pictures."""

    episode: Episode
    queue: Queue
    shown: tuple[Question, ...]


class ReviewQueries:
    """Reads the queue."""

    def __init__(
        self, episodes: EpisodeReader, facebanks: FacebankStore, put_off: PutOffStore, reader: ArtifactReader
    ) -> None:
        self._episodes = episodes
        self._facebanks = facebanks
        self._put_off = put_off
        self._reader = reader
        self._faces: Memo[FacesOfTracks] = Memo(REMEMBERED)

    async def review(self, ep_id: str, limit: int, *, participants: bool = False) -> Review:
        """The queue with its first questions, or of those alone that the episode is about.

        Raises NotFound `unknown_episode`.
        """
        episode = await self._episodes.episode(ep_id)
        queue = await self.queue(episode, about=episode.content.participants if participants else None)
        return Review(episode=episode, queue=queue, shown=await self._shown(episode, queue.questions[:limit]))

    async def queue(self, episode: Episode, *, about: frozenset[str] | None = None) -> Queue:
        """Every question, or those about some identities, without pictures."""
        later = await self._put_off.read(episode.links.ep_id)
        situation = await self._situation(episode)
        return await asyncio.to_thread(make_queue, situation, self._episodes.rules.review, later=later, about=about)

    async def _situation(self, episode: Episode) -> Situation:
        content, links = episode.content, episode.links.effective
        cast_of = {link.identity_id: link.cast_id for link in links.links}
        rules = self._episodes.rules
        doubts = episode.revision.grouped.artifacts.get("doubts")
        references = await self._facebanks.references(episode.show.show)
        figures = find_figures(
            judge_figures(
                content.identities.values(),
                content.members,
                content.tracks,
                linked=cast_of,
                rules=rules.screen_time.figures,
            ),
            rules.screen_time.figures,
        )
        return Situation(
            ep_id=episode.links.ep_id,
            identities=content.identities,
            members=content.members,
            visible=content.visible,
            links=links,
            names=episode.show.members,
            suggestions=await self._episodes.suggestions(episode),
            temporal=await self._episodes.temporal(episode),
            clashes=find_clashes(content.members, cast_of, simultaneous_s=rules.link.simultaneous_s),
            doubts=await self._reader.document(doubts, GroupingDoubts) if doubts is not None else None,
            figures={identity_id: figure.probability for identity_id, figure in figures.items()},
            pictured=await self._pictured(episode.links.ep_id, references),
            listed=episode.show.members.keys() - references.keys(),
        )

    async def _pictured(self, ep_id: str, references: Mapping[str, Sequence[Reference]]) -> frozenset[str]:
        """Cast members with pictures that are no faces of the episode."""
        own = {(one.cast_id, one.reference.picture) for one in await self._facebanks.from_episode(ep_id)}
        return frozenset(
            cast_id
            for cast_id, pictures in references.items()
            if any((cast_id, picture.picture) not in own for picture in pictures)
        )

    async def _shown(self, episode: Episode, questions: Sequence[Question]) -> tuple[Question, ...]:
        artifacts = episode.revision.grouped.artifacts
        rows = await self._reader.rows(artifacts["faces"], FaceRow)
        vectors = await self._reader.array(artifacts["faces_npy"])
        index = await self._faces.get(artifacts["faces"].sha256, lambda: asyncio.to_thread(by_track, rows))
        references = await self._facebanks.references(episode.show.show)
        count = self._episodes.rules.review.evidence

        def of(tracks: Sequence[str]) -> tuple[Evidence, ...]:
            faces = [face for track in tracks for face in index.get(track, ())]
            return tuple(as_evidence(face) for face in most_different(faces, vectors, count))

        def one_of_each(question: Question) -> tuple[Evidence, ...]:
            people = [episode.content.members.get(one, ()) for one in question.identity_ids]
            return tuple(face for rows in people for face in of([row.track_id for row in rows])[:1])

        def complete(question: Question) -> Question:
            if question.kind == "extras":
                return question.model_copy(update={"evidence": one_of_each(question)})
            own = [row.track_id for row in episode.content.members.get(question.identity_id, ())]
            asked = list(question.track_ids) if question.kind in {"two", "belongs"} else own
            if question.other_id is not None and question.kind != "belongs":
                others = [row.track_id for row in episode.content.members.get(question.other_id, ())]
            else:
                others = [track for track in own if track not in set(asked)]
            likely = question.cast_id or (question.choices[0].cast_id if question.choices else None)
            pictures = sorted(references.get(likely or "", ()), key=lambda one: -one.quality)[:count]
            return question.model_copy(
                update={
                    "evidence": of(asked),
                    "against": of(others),
                    "references": tuple(ReferencePicture(cast_id=str(likely), picture=one.picture) for one in pictures),
                }
            )

        return await asyncio.to_thread(lambda: tuple(complete(question) for question in questions))
