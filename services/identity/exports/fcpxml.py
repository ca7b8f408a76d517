"""FCPXML 1.10: a project as long as the episode with a marker for every appearance.

The episode itself is a gap, because where its file lies is known to the editor alone: lay the picture under it. Times
are whole frames as fractions of a second, so no program has to round.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from contracts.cast import CastDetails
from contracts.external_ids import ProgrammeIds
from services.identity.exports.clips import Clip
from services.identity.exports.said import NAMES, named_ids, person_in_words
from services.identity.exports.timecode import FrameRate, RateName, Timecode

VERSION = "1.10"
_KEY = "org.screenalytics."
"""In front of our own metadata keys."""
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n'
_FORMATS: dict[RateName, str] = {
    "23.976": "FFVideoFormat1080p2398",
    "24": "FFVideoFormat1080p24",
    "25": "FFVideoFormat1080p25",
    "29.97": "FFVideoFormat1080p2997",
    "30": "FFVideoFormat1080p30",
    "50": "FFVideoFormat1080p50",
    "59.94": "FFVideoFormat1080p5994",
    "60": "FFVideoFormat1080p60",
}


def to_fcpxml(
    ep_id: str,
    clips: Sequence[Clip],
    *,
    rate_name: RateName,
    timecode: Timecode,
    length: int,
    start_frame: int = 0,
    signed: str | None = None,
    external_ids: ProgrammeIds | None = None,
    show_external_ids: ProgrammeIds | None = None,
    details: Mapping[str, CastDetails] | None = None,
) -> str:
    """The document. `length` is the episode's in frames, `start_frame` the timecode of its first frame, in frames,
    `signed` who signed it off, `details` what is said of people, by their key.
    """
    rate = timecode.rate
    root = ElementTree.Element("fcpxml", version=VERSION)
    resources = ElementTree.SubElement(root, "resources")
    ElementTree.SubElement(
        resources,
        "format",
        id="r1",
        name=_FORMATS[rate_name],
        frameDuration=rational(1, rate),
        width="1920",
        height="1080",
    )
    event = ElementTree.SubElement(root, "event", name=ep_id)
    project = ElementTree.SubElement(event, "project", name=f"{ep_id} appearances")
    origin = rational(start_frame, rate)
    sequence = ElementTree.SubElement(
        project,
        "sequence",
        format="r1",
        duration=rational(length, rate),
        tcStart=origin,
        tcFormat="DF" if timecode.drop else "NDF",
    )
    if signed is not None:
        ElementTree.SubElement(sequence, "note").text = signed
    said = {key: person_in_words(known) for key, known in (details or {}).items()}
    spine = ElementTree.SubElement(sequence, "spine")
    gap = ElementTree.SubElement(spine, "gap", name=ep_id, offset=origin, start=origin, duration=rational(length, rate))
    for clip in clips:
        first, last = (timecode.text(start_frame + frame) for frame in (clip.first, clip.end))
        ElementTree.SubElement(
            gap,
            "marker",
            start=rational(start_frame + clip.first, rate),
            duration=rational(clip.frames, rate),
            value=clip.name,
            note=", ".join(part for part in (f"{clip.key} {first} - {last}", said.get(clip.key)) if part),
        )
    _add_ids(sequence, external_ids or ProgrammeIds(), show_external_ids or ProgrammeIds())
    ElementTree.indent(root)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"


def _add_ids(sequence: ElementTree.Element, episode: ProgrammeIds, show: ProgrammeIds) -> None:
    """The ids as metadata of the sequence; the format wants it after the spine."""
    known = list(named_ids(episode, show))
    if not known:
        return
    metadata = ElementTree.SubElement(sequence, "metadata")
    for name, value in known:
        registry = NAMES[name.removeprefix("show_")]
        shown = f"Show {registry}" if name.startswith("show_") else registry
        ElementTree.SubElement(metadata, "md", key=f"{_KEY}{name}", value=value, type="string", displayName=shown)


def rational(frames: int, rate: FrameRate) -> str:
    """Frames as FCPXML writes time: `3003/30000s`, `5s`."""
    ticks = frames * rate.seconds
    return f"{ticks // rate.frames}s" if ticks % rate.frames == 0 else f"{ticks}/{rate.frames}s"
