"""Every box of every face with who it is of, in pixels and whole frames: what builders of models take further."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.rows import DetectionRow, IdentitiesDocument, ScreenTimeDocument, TrackRow
from services.identity.exports.clips import plain
from services.identity.exports.timecode import FrameRate
from services.identity.faces.track_parts import part_at, parts_of

Kind = Literal["cast", "unidentified", "figure"]
DIGITS = 2
"""Of pixels."""


@dataclass(frozen=True, kw_only=True)
class BoxedPerson:
    """Somebody with boxes; `number` counts from 1 in the order of the report. `figure`: a picture of a person."""

    number: int
    key: str
    name: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class FaceBox:
    """A face in a frame. `frame` counts from 0; `box` is left, top, width, height and `points` five times x, y, in pixels."""

    frame: int
    t_s: float
    person: BoxedPerson
    track_id: str
    box: tuple[float, float, float, float]
    points: tuple[float, ...]
    confidence: float


@dataclass(frozen=True, kw_only=True)
class BoxedEpisode:
    """An episode's faces, in order of frames and persons. `size` is the picture as shown, width and height in pixels.

    `unowned` are faces that are in no track: frame, box, confidence.
    """

    ep_id: str
    revision: int
    size: tuple[int, int]
    rate: FrameRate
    length: int
    people: tuple[BoxedPerson, ...]
    boxes: tuple[FaceBox, ...]
    unowned: tuple[tuple[int, tuple[float, float, float, float], float], ...] = ()


def people_of(document: ScreenTimeDocument) -> tuple[BoxedPerson, ...]:
    """The cast, people without a name, pictures of people."""
    found: list[tuple[str, str, Kind]] = [
        (row.cast_id, plain(row.name) or row.cast_id, "cast") for row in document.cast
    ]
    for rows, kind in ((document.unidentified, "unidentified"), (document.figures, "figure")):
        found += [(row.identity_id, plain(row.label or row.identity_id), kind) for row in rows]  # type: ignore[misc]
    return tuple(
        BoxedPerson(number=number, key=key, name=name, kind=kind)
        for number, (key, name, kind) in enumerate(found, start=1)
    )


def boxed_episode(
    document: ScreenTimeDocument,
    detections: Iterable[DetectionRow],
    tracks: Sequence[TrackRow],
    identities: IdentitiesDocument,
    *,
    rate: FrameRate,
    length: int,
    size: tuple[int, int],
    wanted: frozenset[str] = frozenset(),
) -> BoxedEpisode:
    """The boxes of the people `wanted` (cast ids, or identity ids of people without a name), of everybody for none.

    `tracks` and `identities` are those of the document's revision: what operators cut and merged is cut and merged here.
    """
    people = {person.key: person for person in people_of(document) if not wanted or person.key in wanted}
    owners = _owners(document, identities)
    rows = sorted(detections, key=lambda row: (row.ts_s, row.track_id or "", row.bbox))
    now = parts_of(tracks, {row.track_id for row in rows if row.track_id is not None})
    boxes: list[FaceBox] = []
    unowned = []
    for row in rows:
        frame, box = rate.nearest_frame(row.ts_s), _pixels(row, size)
        track = part_at(now.get(row.track_id, ()), row.ts_s) if row.track_id is not None else None
        if track is None:
            unowned.append((frame, box, row.conf))
            continue
        person = people.get(owners.get(track, ""))
        if person is not None:
            points = tuple(round(value * size[place % 2], DIGITS) for place, value in enumerate(row.landmarks))
            boxes.append(
                FaceBox(
                    frame=frame,
                    t_s=row.ts_s,
                    person=person,
                    track_id=track,
                    box=box,
                    points=points,
                    confidence=row.conf,
                )
            )
    return BoxedEpisode(
        ep_id=document.episode_id,
        revision=document.revision,
        size=size,
        rate=rate,
        length=length,
        people=tuple(people.values()),
        boxes=tuple(sorted(boxes, key=lambda one: (one.frame, one.person.number, -one.confidence))),
        unowned=tuple(unowned) if not wanted else (),
    )


def _owners(document: ScreenTimeDocument, identities: IdentitiesDocument) -> Mapping[str, str]:
    """Track id -> key of the person."""
    cast_of = {identity: row.cast_id for row in document.cast for identity in row.identity_ids}
    return {
        track: cast_of.get(one.identity_id, one.identity_id) for one in identities.identities for track in one.track_ids
    }


def _pixels(row: DetectionRow, size: tuple[int, int]) -> tuple[float, float, float, float]:
    (left, top, right, bottom), (width, height) = row.bbox, size
    return (
        round(left * width, DIGITS),
        round(top * height, DIGITS),
        round((right - left) * width, DIGITS),
        round((bottom - top) * height, DIGITS),
    )
