"""Looking for faces in a few frames of one shot: the first in full, those after it by what was seen there.

A face that is large and known is seen as well in a small picture, so where a full look saw large faces only, the frames
after it are looked at small and together; one that seems to lose a face is looked at in full again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.domain.faces import FaceDetections
from services.detector.looks.faces import Detect, Detectors, Pixels, chosen, heights, look_at, merged
from services.detector.looks.parts import look_at_parts, parts_scale
from services.detector.looks.rotated import look_rotated
from services.detector.rules import DetectorProfile

SMALLEST_LOOK = 64


@dataclass(frozen=True, slots=True)
class Looks:
    """Which looks the first frame of a group gets beside the full one: for small faces in a wide picture and in enlarged
    parts, for tilted heads in turned ones.
    """

    wide: bool = False
    parts: bool = False
    rotated: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """The faces of one frame, best first, in its pixels. Faces lower than `smallest_px` may be there all the same."""

    faces: FaceDetections
    smallest_px: float


async def look_at_group(
    frames: Sequence[Pixels], looks: Looks, detectors: Detectors, profile: DetectorProfile
) -> list[Seen]:
    """What is seen in frames [H,W,3] of one shot and size, in order of time; none below the tracker's lowest score.

    Raises what the detectors raise.
    """
    first = await _full_look(frames[0], looks, detectors, profile)
    return [first, *await _follow(frames[1:], first, detectors.find, profile)]


async def _full_look(frame: Pixels, looks: Looks, detectors: Detectors, profile: DetectorProfile) -> Seen:
    found = await look_at([frame], detectors.find, long_side=profile.long_side)
    scale = min(1.0, profile.long_side / max(frame.shape[:2]))
    if profile.half_size_look and not (found[0].scores >= profile.sure_score).any():
        half = max(SMALLEST_LOOK, profile.long_side // 2)
        found += await look_at([frame], detectors.find, long_side=half)
    if looks.wide and profile.wide_long_side > profile.long_side < max(frame.shape[:2]):
        found += await look_at([frame], detectors.find, long_side=profile.wide_long_side)
        scale = min(1.0, profile.wide_long_side / max(frame.shape[:2]))
    if looks.parts:
        found += await look_at_parts(frame, detectors.find, profile)
        scale = max(scale, parts_scale(frame, profile))
    faces = _one_list(found, profile)
    if looks.rotated:
        sure = chosen(faces, faces.scores >= profile.tracking.strong_score)
        faces = _one_list([faces, await look_rotated(frame, sure, detectors, profile)], profile)
    return Seen(faces, profile.smallest_face_px / scale)


async def _follow(frames: Sequence[Pixels], first: Seen, find: Detect, profile: DetectorProfile) -> list[Seen]:
    """What is seen in the frames after a full look."""
    if not frames:
        return []
    long_side = max(frames[0].shape[:2])
    full_scale = min(1.0, profile.long_side / long_side)
    sure = chosen(first.faces, first.faces.scores >= profile.sure_score)
    known = heights(sure)[heights(sure) >= profile.smallest_face_px / full_scale]
    again = list(range(len(frames)))
    seen: dict[int, Seen] = {}
    if (known >= profile.followed_face * long_side).all():
        smallest_px = profile.smallest_face_px / min(1.0, profile.follow_long_side / long_side)
        for position, faces in enumerate(await look_at(frames, find, long_side=profile.follow_long_side)):
            if int((faces.scores >= profile.sure_score).sum()) >= len(known):
                seen[position] = Seen(_one_list([faces], profile), smallest_px)
        again = [position for position in again if position not in seen]
    in_full = await look_at([frames[position] for position in again], find, long_side=profile.long_side)
    for position, faces in zip(again, in_full, strict=True):
        seen[position] = Seen(_one_list([faces], profile), profile.smallest_face_px / full_scale)
    return [seen[position] for position in range(len(frames))]


def _one_list(found: Sequence[FaceDetections], profile: DetectorProfile) -> FaceDetections:
    return merged(found, min_score=profile.tracking.weak_score, max_overlap=profile.merge_overlap)
