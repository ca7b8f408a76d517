"""An episode's lanes and boxes as people look at them, written once for each state they have."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from chassis.cache import Memo
from chassis.domain.intervals import total
from chassis.errors import BadInput
from chassis.s3.artifact_reader import ArtifactReader
from contracts.rows import DetectionRow, FaceRow, Identity
from services.identity.faces.track_parts import parts_of
from services.identity.queries.episodes import Content, Episode, EpisodeReader
from services.identity.timeline.boxes import LONGEST_S, Boxes, BoxIndex, index_boxes
from services.identity.timeline.columns import (
    Timeline,
    TrackColumns,
    best_faces,
    cut_times,
    distances_to_centre,
    identity_columns,
    shot_columns,
    track_columns,
)

REMEMBERED = 4
"""Episodes whose lanes and boxes are kept."""


class TimelineQueries:
    """Reads the current grouping of an episode with the names of now."""

    def __init__(self, episodes: EpisodeReader, reader: ArtifactReader) -> None:
        self._episodes = episodes
        self._reader = reader
        self._tracks: Memo[TrackColumns] = Memo(REMEMBERED)
        self._boxes: Memo[BoxIndex] = Memo(REMEMBERED)

    async def timeline(self, ep_id: str) -> Timeline:
        """Tracks, people, shots and cuts. Raises NotFound `unknown_episode`."""
        episode = await self._episodes.episode(ep_id)
        content, grouped = episode.content, episode.revision.grouped
        people = _by_seconds(content)
        names = dict(episode.show.members)
        return Timeline(
            run_id=grouped.run_id,
            revision=episode.revision.number,
            grouping_revision=grouped.revision,
            links_version=episode.links.version,
            edits_version=grouped.edits_version,
            duration_s=grouped.duration_s,
            starts_at_s=grouped.starts_at_s,
            cuts_ms=cut_times(content.shots),
            shots=shot_columns(content.shots),
            identities=identity_columns(people, visible=content.visible, links=episode.links.effective, names=names),
            tracks=await self._tracks.get(content.key, lambda: self._columns(episode, people)),
        )

    async def boxes(self, ep_id: str, from_s: float, to_s: float) -> Boxes:
        """Faces in the picture from a second to another.

        Raises:
            NotFound: `unknown_episode`.
            BadInput: `bad_range`, for an empty stretch or one that is longer than two minutes.
        """
        if not from_s < to_s <= from_s + LONGEST_S:
            raise BadInput("bad_range", f"Ask for a stretch that ends after it begins, {LONGEST_S:g} s at most.")
        episode = await self._episodes.episode(ep_id)
        grouped, tracks = episode.revision.grouped, episode.content.tracks
        detections = grouped.artifacts["detections"]

        async def read() -> BoxIndex:
            rows = await self._reader.rows(detections, DetectionRow)
            return await asyncio.to_thread(index_boxes, rows)

        index = await self._boxes.get(detections.sha256, read)
        near = [row for row in tracks if row.start_s < to_s + 1 and row.end_s > from_s - 1]
        names, t_ms, owners, box, confidence = index.between(from_s, to_s, parts_of(near, index.names))
        return Boxes(
            run_id=grouped.run_id,
            revision=episode.revision.number,
            from_s=from_s,
            to_s=to_s,
            track_ids=tuple(names),
            t_ms=tuple(t_ms),
            track=tuple(owners),
            box=tuple(box),
            confidence=tuple(confidence),
        )

    async def _columns(self, episode: Episode, people: Sequence[Identity]) -> TrackColumns:
        artifacts, content = episode.revision.grouped.artifacts, episode.content
        faces = await self._reader.rows(artifacts["faces"], FaceRow)
        vectors = await self._reader.array(artifacts["tracks_npy"])
        centre_of = {
            key: one.centroid for key, one in content.evidence.items() if one.centroid is not None and len(vectors)
        }

        def make() -> TrackColumns:
            return track_columns(
                sorted(content.tracks, key=lambda row: (row.start_s, row.track_id)),
                people=people,
                shots=content.shots,
                best_face=best_faces(faces),
                faces=Counter(face.track_id for face in faces),
                distance=distances_to_centre(content.tracks, vectors, people=people, centre_of=centre_of),
            )

        return await asyncio.to_thread(make)


def _by_seconds(content: Content) -> list[Identity]:
    """Most visible first; the same grouping always in the same order."""
    seconds = {key: total(spans) for key, spans in content.visible.items()}
    return sorted(content.identities.values(), key=lambda one: (-seconds.get(one.identity_id, 0.0), one.identity_id))
