"""Looking for small faces beside a large one, in those parts of the frame that could show one.

Behind most close-ups is nobody, or nobody in focus, and a look at the whole frame in full size costs as much as half a
second of everything else. So the frame is divided into fields, and those are looked at, each in a picture of itself, that lie
beside heads and bodies, have fine detail in every direction, and show something else than what was searched in vain before.
**What looks in vain cost is bounded by the video's length** (`per_s`); looks that find somebody are free.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, resized
from services.detector.looks.between import beside_people
from services.detector.looks.faces import Detect, Floats, Pixels, merged, no_faces
from services.detector.looks.small import around, in_frame, small_faces
from services.detector.rules import BesideRules, DetectorProfile

Value = TypeVar("Value", np.bool_, np.float32)


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a frame that could show a small face, likely ones first: `boxes` [N,4] in pixels of the frame, their
    row and column in the grid, and the mean luma [N,C,C] of their cells.
    """

    boxes: Floats
    places: Sequence[tuple[int, int]]
    cells: Floats


@dataclass(slots=True)
class BesideSearch:
    """Looks for small faces beside large ones in a segment's frames, one after the other, and remembers what was in vain."""

    profile: DetectorProfile
    _debt: float = 0.0
    _last_s: float = 0.0
    _in_vain: dict[tuple[int, int], list[Floats]] = field(default_factory=dict)

    async def look(self, frame: Pixels, known: FaceDetections, find: Detect, *, ts_s: float) -> FaceDetections:
        """The small faces of `frame` [H,W,3] beside the `known` ones, in its pixels; none while looks in vain are not paid.

        Raises what `find` raises.
        """
        rules = self.profile.beside
        self._debt = max(0.0, self._debt - rules.per_s * (ts_s - self._last_s))
        self._last_s = ts_s
        if self._debt > 0:
            return no_faces()
        fields = await asyncio.to_thread(fields_beside, frame, known, self.profile)
        fields = self._new(fields, rules)
        if not len(fields.boxes):
            return no_faces()
        squares, pictures = await asyncio.to_thread(
            around, [frame], fields.boxes, margin=rules.surroundings, side=rules.side
        )
        seen = [
            in_frame(square, faces, side=rules.side)
            for square, faces in zip(squares, await find(pictures), strict=True)
        ]
        sure = [faces.best_score >= self.profile.tracking.strong_score for faces in seen]
        for place, cells, is_sure in zip(fields.places, fields.cells, sure, strict=True):
            if not is_sure:
                self._in_vain.setdefault(place, []).append(cells)
        if not any(sure):
            self._debt = float(len(fields.boxes))
        found = merged(seen, min_score=self.profile.tracking.weak_score, max_overlap=self.profile.merge_overlap)
        return small_faces(found, frame.shape, self.profile)

    def _new(self, fields: Fields, rules: BesideRules) -> Fields:
        """Those that show something else than what was searched in vain."""
        new = [
            number
            for number, place in enumerate(fields.places)
            if all(
                float(np.abs(fields.cells[number] - before).max()) > rules.most_change
                for before in self._in_vain.get(place, [])
            )
        ][: rules.most]
        return Fields(fields.boxes[new], [fields.places[number] for number in new], fields.cells[new])


def fields_beside(frame: Pixels, known: FaceDetections, profile: DetectorProfile) -> Fields:
    """The fields of `frame` [H,W,3] with detail as small faces have it, beside the heads and bodies of the `known` faces."""
    rules = profile.beside
    height, width = frame.shape[:2]
    scale = min(1.0, profile.wide_long_side / max(height, width))
    columns, rows = (max(1, int(side * scale / (rules.cells * rules.cell))) for side in (width, height))
    grid = (columns * rules.cells, rows * rules.cells)
    luma = np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    half = resized(luma, width=grid[0] * rules.cell // 2, height=grid[1] * rules.cell // 2)
    fine = _has_detail(half, grid, rules.detail) & beside_people(known, frame.shape, grid, body=rules.body)
    places = _with_corners(half, _by_field(fine, rules.cells), rules)
    means = _by_field(_by_cell(half, grid), rules.cells)
    field_px = np.array((width / columns, height / rows) * 2, dtype=np.float32)
    edges = [(column, row, column + 1, row + 1) for row, column in places]
    return Fields(
        np.array(edges, dtype=np.float32).reshape(-1, 4) * field_px,
        places,
        np.array([means[place] for place in places], dtype=np.float32).reshape(-1, rules.cells, rules.cells),
    )


def _by_cell(half: Pixels, grid: tuple[int, int]) -> Floats:
    """The mean of each cell [rows,columns]."""
    return np.asarray(cv2.resize(half, grid, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _has_detail(half: Pixels, grid: tuple[int, int], least: float) -> npt.NDArray[np.bool_]:
    """Which cells [rows,columns] of a frame at half size show more than it does at an eighth."""
    height, width = half.shape
    smooth = cv2.resize(resized(half, width=width // 4, height=height // 4), (width, height))
    return np.asarray(_by_cell(np.asarray(cv2.absdiff(half, smooth), dtype=np.uint8), grid) >= least, dtype=bool)


def _with_corners(half: Pixels, fine: npt.NDArray[np.bool_], rules: BesideRules) -> list[tuple[int, int]]:
    """Row and column of the fields of which enough `fine` cells [R,K,C,C] change in every direction, most of all first."""
    side = rules.cells * rules.cell // 2
    found: list[tuple[float, tuple[int, int]]] = []
    for row, column in zip(*np.nonzero(fine.sum(axis=(2, 3)) >= rules.least_cells), strict=True):
        corners = _corners(half[row * side : (row + 1) * side, column * side : (column + 1) * side], rules.cells)
        seen = float(np.sort(corners[fine[row, column]])[-rules.least_cells])
        if seen >= rules.corners:
            found.append((-seen, (int(row), int(column))))
    return [place for _, place in sorted(found)]


def _corners(luma: Pixels, cells: int) -> Floats:
    """How much each cell [cells,cells] of a field changes in every direction: an edge does in one, eyes and mouths in all.

    The root of the smaller eigenvalue of the structure tensor over seven pixels (Shi and Tomasi, 1994), the cell's largest.
    """
    side = luma.shape[0] // cells
    least = np.sqrt(np.maximum(cv2.cornerMinEigenVal(luma.astype(np.float32), 7, ksize=3), 0))
    most: Floats = least.reshape(cells, side, cells, side).max(axis=(1, 3))
    return most


def _by_field(values: npt.NDArray[Value], cells: int) -> npt.NDArray[Value]:
    """A value for each cell [R·C,K·C] as [R,K,C,C]."""
    rows, columns = (side // cells for side in values.shape)
    return values.reshape(rows, cells, columns, cells).transpose(0, 2, 1, 3)
