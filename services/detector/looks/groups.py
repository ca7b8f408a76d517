"""Looking for faces in a few frames of one shot: the first in full, those after it by what was seen there.

A face that is large and known is seen as well in a small picture, so where a full look saw large faces only, the frames
after it are looked at small and together; one that seems to lose a face is looked at in full again. Between two looks at
the same faces none is needed where the pictures show that they are there (`between.py`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from chassis.domain.faces import FaceDetections
from services.detector.looks.between import faces_between, is_calm
from services.detector.looks.faces import Detect, Detectors, Floats, Pixels, chosen, heights, look_at, merged
from services.detector.looks.parts import look_at_parts, parts_scale
from services.detector.looks.rotated import look_rotated
from services.detector.looks.small import follow_small, preferring, small_faces, without_small
from services.detector.rules import CalmRules, DetectorProfile

SMALLEST_LOOK: Final = 64
FEWEST_FOLLOWED: Final = 3
SAME_TIME_S: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Looks:
    """Which looks the first frame of a group gets beside the full one: for small faces in a wide picture and in enlarged
    parts, for tilted heads in turned ones.
    """

    wide: bool = False
    parts: bool = False
    rotated: bool = False


Beside = Callable[[Pixels, FaceDetections], Awaitable[FaceDetections]]
"""A frame [H,W,3] and the sure large faces in it to the small ones beside them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The faces of one frame, best first, in its pixels. Faces lower than `smallest_px` may be there all the same."""

    faces: FaceDetections
    smallest_px: float


def full_looks(times_s: Sequence[float], profile: DetectorProfile) -> list[int]:
    """Which frames of a group get a full look where something happens: the first one in each cell of their time grid."""
    if profile.full_looks_per_s <= 0:
        return [0]
    cells = [cell_of(time_s, profile.full_looks_per_s) for time_s in times_s]
    return [0, *(place for place, (before, now) in enumerate(pairwise(cells), start=1) if now > before)]


def cell_of(time_s: float, per_s: float) -> int:
    """Number of the cell of a time grid that a time lies in."""
    return math.floor((time_s + SAME_TIME_S) * per_s)


async def look_at_group(
    frames: Sequence[Pixels],
    times_s: Sequence[float],
    looks: Looks,
    detectors: Detectors,
    profile: DetectorProfile,
    before: Awaitable[Sequence[Seen]] | None = None,
    beside: Beside | None = None,
) -> list[Seen]:
    """What is seen in frames [H,W,3] of one shot and size, in order of time; none below the tracker's lowest score.

    `before`: what is seen in the group before, of the same shot and size. `beside`: looks for small faces beside a large
    one in the first frame. Raises what the detectors raise.
    """
    shape, find = frames[0].shape, detectors.find
    first = await _full_look(frames[0], looks, detectors, profile, beside)
    large = Seen(without_small(first.faces, shape, profile), first.smallest_px)
    known = [first.faces] if before is None else [first.faces, (await before)[-1].faces]
    small = small_faces(_one_list(known, profile), shape, profile)
    followed, seen = await asyncio.gather(
        follow_small(frames, small, find, profile), _look_at_large(frames, times_s, large, detectors, profile)
    )
    by_themselves = small_faces(first.faces, shape, profile)
    others = [preferring(followed[0], by_themselves, profile), *followed[1:]]
    return [
        Seen(_one_list([one.faces, faces], profile), one.smallest_px) for one, faces in zip(seen, others, strict=True)
    ]


async def _look_at_large(
    frames: Sequence[Pixels], times_s: Sequence[float], first: Seen, detectors: Detectors, profile: DetectorProfile
) -> list[Seen]:
    """What is seen in the frames, of which the first has been looked at, without those followed by themselves."""
    starts, small = full_looks(times_s, profile), _SmallLooks(frames, detectors.find, profile)
    known: dict[int, FaceDetections] = {}
    if len(frames) >= FEWEST_FOLLOWED and _can_be_followed(frames[0], first, profile):
        looked = await small.at({*starts[1:], len(frames) - 1})
        seen_at = {0: first.faces} | {place: _one_list([faces], profile) for place, faces in sorted(looked.items())}
        known, calm = await asyncio.to_thread(_between_looks, frames, times_s, seen_at, profile.calm)
        if calm:
            starts = [0]
    seen: list[Seen] = []
    for start, stop in pairwise([*starts, len(frames)]):
        head = await _full_look(frames[start], Looks(), detectors, profile) if start else first
        rest = [place for place in range(start + 1, stop) if place not in known]
        followed = await _follow(rest, head, small, profile)
        followed |= {place: Seen(known[place], small.smallest_px) for place in range(start + 1, stop) if place in known}
        seen += [head, *(followed[place] for place in range(start + 1, stop))]
    return seen


class _SmallLooks:
    """Looks at the frames of a group at reduced size, once at each."""

    def __init__(self, frames: Sequence[Pixels], find: Detect, profile: DetectorProfile) -> None:
        self.frames, self.find = frames, find
        self.smallest_px = profile.smallest_face_px / min(1.0, profile.follow_long_side / max(frames[0].shape[:2]))
        self._long_side = profile.follow_long_side
        self._seen: dict[int, FaceDetections] = {}

    async def at(self, places: Iterable[int]) -> dict[int, FaceDetections]:
        """The faces of frames by their places, in pixels of the frames."""
        wanted = sorted(places)
        new = [place for place in wanted if place not in self._seen]
        looks = await look_at([self.frames[place] for place in new], self.find, long_side=self._long_side)
        self._seen.update(zip(new, looks, strict=True))
        return {place: self._seen[place] for place in wanted}


def _between_looks(
    frames: Sequence[Pixels], times_s: Sequence[float], seen: Mapping[int, FaceDetections], rules: CalmRules
) -> tuple[dict[int, FaceDetections], bool]:
    """The faces of the frames behind each look up to the next, by place, where both looks and all in between agree; and
    whether that is so everywhere and nothing moves beside them.

    Where both see nobody, nothing may move either: whoever passes through is seen.
    """
    found: dict[int, FaceDetections] = {}
    for start, end in pairwise(seen):
        stretch = slice(start, end + 1)
        if not len(seen[start].scores) and not is_calm(frames[stretch], seen[start], rules):
            continue
        between = faces_between(frames[stretch], times_s[stretch], seen[start], seen[end], rules)
        if between is not None:
            found.update(zip(range(start + 1, end + 1), [*between, seen[end]], strict=True))
    return found, len(found) == len(frames) - 1 and is_calm(frames, seen[0], rules)


async def _full_look(
    frame: Pixels, looks: Looks, detectors: Detectors, profile: DetectorProfile, beside: Beside | None = None
) -> Seen:
    found = await look_at([frame], detectors.find, long_side=profile.long_side)
    scale = min(1.0, profile.long_side / max(frame.shape[:2]))
    if profile.half_size_look and not (found[0].scores >= profile.sure_score).any():
        half = max(SMALLEST_LOOK, profile.long_side // 2)
        found += await look_at([frame], detectors.find, long_side=half)
    if looks.wide and _shows_more(frame, found, profile):
        found += await look_at([frame], detectors.find, long_side=profile.wide_long_side)
        scale = min(1.0, profile.wide_long_side / max(frame.shape[:2]))
    if looks.parts and (not profile.parts_where_small or _shows_small(frame, found, profile)):
        found += await look_at_parts(frame, detectors.find, profile)
        scale = max(scale, parts_scale(frame, profile))
    elif looks.parts and beside is not None and _is_reduced(frame, profile) and _shows_large(frame, found, profile):
        known = _one_list(found, profile)
        large = without_small(chosen(known, known.scores >= profile.sure_score), frame.shape, profile)
        found = [preferring(known, await beside(frame, large), profile)]
    faces = _one_list(found, profile)
    if looks.rotated:
        sure = chosen(faces, faces.scores >= profile.tracking.strong_score)
        faces = _one_list([faces, await look_rotated(frame, sure, detectors, profile)], profile)
    return Seen(faces, profile.smallest_face_px / scale)


def _shows_more(frame: Pixels, found: Sequence[FaceDetections], profile: DetectorProfile) -> bool:
    """Whether a wide look may show faces that a full one does not, and that matter beside those that it does."""
    return _is_reduced(frame, profile) and not _shows_large(frame, found, profile)


def _is_reduced(frame: Pixels, profile: DetectorProfile) -> bool:
    """Whether a full look shows the frame smaller than a wide one does."""
    return bool(profile.wide_long_side > profile.long_side < max(frame.shape[:2]))


def _shows_small(frame: Pixels, found: Sequence[FaceDetections], profile: DetectorProfile) -> bool:
    """Whether small faces are seen, and none beside which they would not matter."""
    small = any(
        (small_faces(faces, frame.shape, profile).scores >= profile.tracking.strong_score).any() for faces in found
    )
    return small and not _shows_large(frame, found, profile)


def _shows_large(frame: Pixels, found: Sequence[FaceDetections], profile: DetectorProfile) -> bool:
    """Whether a sure face fills so much of the height that a look at the whole frame for small ones is too dear."""
    large = profile.wide_beside * frame.shape[0]
    return any(((heights(faces) >= large) & (faces.scores >= profile.sure_score)).any() for faces in found)


async def _follow(places: Sequence[int], first: Seen, small: _SmallLooks, profile: DetectorProfile) -> dict[int, Seen]:
    """What is seen in some frames after a full look: in small where large faces are known, in full where one seems lost."""
    frames, again = small.frames, list(places)
    seen: dict[int, Seen] = {}
    if _can_be_followed(frames[0], first, profile):
        known = len(_known(frames[0], first, profile))
        for place, faces in (await small.at(places)).items():
            if int((faces.scores >= profile.sure_score).sum()) >= known:
                seen[place] = Seen(_one_list([faces], profile), small.smallest_px)
        again = [place for place in places if place not in seen]
    in_full = await look_at([frames[place] for place in again], small.find, long_side=profile.long_side)
    for place, faces in zip(again, in_full, strict=True):
        seen[place] = Seen(_one_list([faces], profile), profile.smallest_face_px / _full_scale(frames[0], profile))
    return seen


def _can_be_followed(frame: Pixels, first: Seen, profile: DetectorProfile) -> bool:
    """Whether all sure faces that a full look shows are large enough for a small picture."""
    return bool((_known(frame, first, profile) >= profile.followed_face * max(frame.shape[:2])).all())


def _known(frame: Pixels, first: Seen, profile: DetectorProfile) -> Floats:
    """Heights [F] in pixels of the sure faces that a full look shows."""
    sure = heights(chosen(first.faces, first.faces.scores >= profile.sure_score))
    return sure[sure >= profile.smallest_face_px / _full_scale(frame, profile)]


def _full_scale(frame: Pixels, profile: DetectorProfile) -> float:
    scale: float = min(1.0, profile.long_side / max(frame.shape[:2]))
    return scale


def _one_list(found: Sequence[FaceDetections], profile: DetectorProfile) -> FaceDetections:
    return merged(found, min_score=profile.tracking.weak_score, max_overlap=profile.merge_overlap)
