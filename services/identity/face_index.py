"""Faces by their track: found without looking through all of an episode's, however often somebody asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from contracts.rows import FaceRow

_MOST_EPISODES = 4

FacesOfTracks = Mapping[str, tuple[FaceRow, ...]]


class FaceIndex:
    """Indexes of the `faces.jsonl` that were asked for last, by the file's sha256. What it returns is shared."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, FacesOfTracks] = OrderedDict()

    def of(self, sha256: str, rows: Iterable[FaceRow]) -> FacesOfTracks:
        """Track id -> its faces in order of time; tracks without a face are missing."""
        known = self._kept.get(sha256)
        if known is None:
            known = self._kept[sha256] = by_track(rows)
            if len(self._kept) > _MOST_EPISODES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(sha256)
        return known


def by_track(rows: Iterable[FaceRow]) -> FacesOfTracks:
    found: dict[str, list[FaceRow]] = {}
    for row in rows:
        found.setdefault(row.track_id, []).append(row)
    return {track: tuple(sorted(faces, key=lambda face: (face.ts_s, face.face_id))) for track, faces in found.items()}
