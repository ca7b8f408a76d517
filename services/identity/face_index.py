"""Faces by their track: found without looking through all of an episode's, however often somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chassis.memo import Latest
from contracts.rows import FaceRow

_MOST_EPISODES = 4

FacesOfTracks = Mapping[str, tuple[FaceRow, ...]]


class FaceIndex:
    """Indexes of the `faces.jsonl` that were asked for last, by the file's sha256. What it returns is shared."""

    def __init__(self) -> None:
        self._kept: Latest[str, FacesOfTracks] = Latest(_MOST_EPISODES)

    def of(self, sha256: str, rows: Iterable[FaceRow]) -> FacesOfTracks:
        """Track id -> its faces in order of time; tracks without a face are missing."""
        known = self._kept.get(sha256)
        return known if known is not None else self._kept.put(sha256, by_track(rows))


def by_track(rows: Iterable[FaceRow]) -> FacesOfTracks:
    found: dict[str, list[FaceRow]] = {}
    for row in rows:
        found.setdefault(row.track_id, []).append(row)
    return {track: tuple(sorted(faces, key=lambda face: (face.ts_s, face.face_id))) for track, faces in found.items()}
