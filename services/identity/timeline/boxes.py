"""Where faces are in the picture, second by second: an episode's detections, indexed by time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, Field

from contracts.ids import RunId, TrackId
from contracts.rows import DetectionRow, TrackRow
from services.identity.faces.track_parts import part_at

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

LONGEST_S = 120.0
"""Of one answer: some thousand boxes."""
PARTS = 10_000
"""Of the width and height of the picture: finer than a pixel of 4K is coarse."""
NO_TRACK = -1


class Boxes(BaseModel):
    """Boxes of a stretch, in order of time. Between two boxes of one track a face moves evenly."""

    run_id: RunId
    revision: int
    from_s: float
    to_s: float
    track_ids: tuple[TrackId, ...]
    t_ms: tuple[int, ...]
    track: tuple[int, ...] = Field(description="Place in `track_ids`; -1: a face that is in no track.")
    box: tuple[int, ...] = Field(description="Four for each of `t_ms`: x1, y1, x2, y2 in 1/10000 of width and height.")
    confidence: tuple[int, ...] = Field(description="Per cent.")


@dataclass(frozen=True, kw_only=True)
class BoxIndex:
    """Detections in order of time: `t_s` [N], `box` [N,4] fractions, `confidence` [N], `track` [N] places in `names`."""

    t_s: Doubles
    box: Doubles
    confidence: Doubles
    track: Ints
    names: tuple[str, ...]

    def between(
        self, from_s: float, to_s: float, tracks: Mapping[str, Sequence[TrackRow]]
    ) -> tuple[list[str], list[int], list[int], list[int], list[int]]:
        """Columns `track_ids`, `t_ms`, `track`, `box`, `confidence` of `[from_s, to_s)`.

        `tracks` are those that a detector's track is now, by its id, as `parts_of` finds them.
        """
        first, last = np.searchsorted(self.t_s, [from_s, to_s], side="left")
        places: dict[str, int] = {}
        owners: list[int] = []
        for when, number in zip(self.t_s[first:last], self.track[first:last], strict=True):
            now = None if number == NO_TRACK else part_at(tracks.get(self.names[number], ()), float(when))
            owners.append(NO_TRACK if now is None else places.setdefault(now, len(places)))
        chosen = slice(first, last)
        return (
            list(places),
            [int(value) for value in np.rint(self.t_s[chosen] * 1000)],
            owners,
            [int(value) for value in np.rint(self.box[chosen] * PARTS).ravel()],
            [int(value) for value in np.rint(self.confidence[chosen] * 100)],
        )


def index_boxes(rows: Iterable[DetectionRow]) -> BoxIndex:
    """The index of an episode's detections."""
    ordered = sorted(rows, key=lambda row: (row.ts_s, row.track_id or ""))
    names: dict[str, int] = {}
    track = [NO_TRACK if row.track_id is None else names.setdefault(row.track_id, len(names)) for row in ordered]
    return BoxIndex(
        t_s=np.array([row.ts_s for row in ordered], dtype=np.float64),
        box=np.array([row.bbox for row in ordered], dtype=np.float64).reshape(-1, 4),
        confidence=np.array([row.conf for row in ordered], dtype=np.float64),
        track=np.array(track, dtype=np.int64),
        names=tuple(names),
    )
