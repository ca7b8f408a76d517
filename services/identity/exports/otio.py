"""OpenTimelineIO: a timeline with one track for each person, and a marker for every appearance.

Times of a clip are the video's own timecode; the timeline begins at the record timecode. Written as the library writes
it (schemas of version 0.15 and later); https://opentimelineio.readthedocs.io/en/latest/tutorials/otio-serialized-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts.cast import CastDetails
from services.identity.exports.clips import Clip
from services.identity.exports.programme import Programme

_COLOURS = ("BLUE", "GREEN", "RED", "YELLOW", "CYAN", "PINK", "PURPLE", "ORANGE")
_OURS = "screenalytics"

Node = dict[str, Any]


def to_otio(programme: Programme) -> str:
    """The timeline as JSON."""
    markers = [_marker(programme, clip, colour=programme.colours()[clip.key]) for clip in programme.clips]
    tracks = [_track(programme, name, clips) for name, clips in programme.people()]
    signed = {"signed_off": programme.signed} if programme.signed else {}
    timeline: Node = {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {
            _OURS: {"ep_id": programme.ep_id, "drop_frame": programme.timecode.drop, **signed, **_ids(programme)}
        },
        "name": programme.title,
        "global_start_time": _time(programme, programme.record_frame),
        "tracks": _item("Stack.1", "tracks", children=tracks, markers=markers),
    }
    return json.dumps(timeline, ensure_ascii=False, indent=2) + "\n"


def _ids(programme: Programme) -> Node:
    ids = {"external_ids": programme.external_ids, "show_external_ids": programme.show_external_ids}
    return {name: value.given() for name, value in ids.items() if value.given()}


def _person(programme: Programme, key: str) -> Node:
    """Who a track is of, with what is said of them."""
    details = programme.details.get(key, CastDetails())
    said = {
        "external_ids": details.external_ids.given(),
        "role": details.role,
        "characters": list(details.characters),
        "attributes": dict(details.attributes),
    }
    return {"person": key} | {name: value for name, value in said.items() if value}


def _track(programme: Programme, name: str, clips: Sequence[Clip]) -> Node:
    children: list[Node] = []
    here = 0
    for clip in clips:
        if clip.first > here:
            children.append(_item("Gap.1", "", source_range=_range(programme, 0, clip.first - here)))
        children.append(_clip(programme, clip))
        here = clip.end
    track = _item("Track.1", name, children=children, metadata={_OURS: _person(programme, clips[0].key)})
    return track | {"kind": "Video"}


def _clip(programme: Programme, clip: Clip) -> Node:
    source = _range(programme, programme.start_frame + clip.first, clip.frames)
    node = _item("Clip.2", clip.name, source_range=source, metadata={_OURS: {"person": clip.key}})
    return node | {
        "media_references": {"DEFAULT_MEDIA": _media(programme)},
        "active_media_reference_key": "DEFAULT_MEDIA",
    }


def _media(programme: Programme) -> Node:
    reference: Node = {
        "OTIO_SCHEMA": "ExternalReference.1" if programme.media else "MissingReference.1",
        "metadata": {},
        "name": programme.ep_id,
        "available_range": _range(programme, programme.start_frame, programme.length),
        "available_image_bounds": None,
    }
    return reference | {"target_url": programme.media} if programme.media else reference


def _marker(programme: Programme, clip: Clip, *, colour: int) -> Node:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "metadata": {_OURS: {"person": clip.key}},
        "name": clip.name,
        "color": _COLOURS[colour],
        "marked_range": _range(programme, clip.first, clip.frames),
        "comment": "",
    }


def _item(schema: str, name: str, **fields: Any) -> Node:
    node: Node = {
        "OTIO_SCHEMA": schema,
        "metadata": {},
        "name": name,
        "source_range": None,
        "effects": [],
        "markers": [],
        "enabled": True,
    }
    return node | fields


def _range(programme: Programme, first: int, frames: int) -> Node:
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": _time(programme, frames),
        "start_time": _time(programme, first),
    }


def _time(programme: Programme, frames: int) -> Node:
    rate = programme.rate
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate.frames / rate.seconds, "value": float(frames)}
