"""Keeping the best pictures of a track while it goes by, with bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from contracts.rows import FaceQuality
from services.detector.rules import CropRules

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

SPACING_GROWTH = 1.25
SAME_TIME_S = 1e-6


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A chip or thumbnail (RGB) of one face: where it was in the track, and how good it is."""

    frame_idx: int
    ts_s: float
    quality: FaceQuality
    picture: Pixels


@dataclass(slots=True)
class BestPictures:
    """At most `limit` pictures, spread over the track: none lies closer than `spacing_s` to a better one.

    Whenever there are too many, the spacing grows and the worse of close pictures go, so each stretch keeps its best.
    """

    limit: int
    spacing_s: float
    kept: list[KeptPicture] = field(default_factory=list)

    def wants(self, ts_s: float, score: float) -> bool:
        """Whether a picture of this score would be kept for now."""
        return all(
            score > other.quality.score for other in self.kept if abs(other.ts_s - ts_s) < self.spacing_s - SAME_TIME_S
        )

    def add(self, picture: KeptPicture) -> None:
        """Keeps a picture if it is wanted, best first."""
        if not self.wants(picture.ts_s, picture.quality.score):
            return
        self.kept = self._thinned([*self.kept, picture])
        while len(self.kept) > self.limit:
            self.spacing_s *= SPACING_GROWTH
            self.kept = self._thinned(self.kept)

    def _thinned(self, pictures: list[KeptPicture]) -> list[KeptPicture]:
        remaining: list[KeptPicture] = []
        for picture in sorted(pictures, key=lambda other: (-other.quality.score, other.ts_s)):
            if all(abs(other.ts_s - picture.ts_s) >= self.spacing_s - SAME_TIME_S for other in remaining):
                remaining.append(picture)
        return remaining


class TrackPictures:
    """The chips and thumbnails of one track."""

    def __init__(self, rules: CropRules) -> None:
        self._rules = rules
        self.chips = BestPictures(limit=rules.chips_per_track, spacing_s=rules.chip_spacing_s)
        self.thumbnails = BestPictures(limit=rules.thumbnails_per_track, spacing_s=rules.thumbnail_spacing_s)

    def add(
        self, *, frame_idx: int, ts_s: float, quality: FaceQuality, chip: Pixels, frame: Pixels, box: Floats
    ) -> None:
        """Offers a face: its aligned chip [150,150,3], and for a thumbnail its frame [H,W,3] with the box in pixels."""
        self.chips.add(KeptPicture(frame_idx, ts_s, quality, chip))
        if self.thumbnails.wants(ts_s, quality.score):
            picture = cut_thumbnail(frame, box, side=self._rules.thumbnail_side, margin=self._rules.thumbnail_margin)
            self.thumbnails.add(KeptPicture(frame_idx, ts_s, quality, picture))


@dataclass(frozen=True, slots=True)
class KeptPictures:
    """The chips and thumbnails of a track, best first."""

    chips: tuple[KeptPicture, ...]
    thumbnails: tuple[KeptPicture, ...]


def pictures_between(pictures: TrackPictures, start_s: float, end_s: float) -> KeptPictures:
    """What was kept of a stretch of time, both ends included."""
    return KeptPictures(
        chips=tuple(chip for chip in pictures.chips.kept if start_s <= chip.ts_s <= end_s),
        thumbnails=tuple(thumb for thumb in pictures.thumbnails.kept if start_s <= thumb.ts_s <= end_s),
    )


def cut_thumbnail(frame: Pixels, box: Floats, *, side: int, margin: float) -> Pixels:
    """A square picture around a face: the box's longer side plus `margin` of it all around, reduced to `side` pixels.

    The square is moved, and shrunk where it must be, to lie inside the frame.
    """
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = (float(value) for value in box)
    wanted = max(x2 - x1, y2 - y1) * (1 + 2 * margin)
    square = max(1, min(round(wanted), width, height))
    left = min(max(0, round((x1 + x2 - square) / 2)), width - square)
    top = min(max(0, round((y1 + y2 - square) / 2)), height - square)
    region = frame[top : top + square, left : left + square]
    if square <= side:
        return region.copy()
    return np.asarray(cv2.resize(region, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)
