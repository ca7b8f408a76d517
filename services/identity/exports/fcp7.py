"""Final Cut Pro 7 XML (xmeml 5), which Premiere Pro, Resolve and Avid read: one track for each person, and markers.

`in` and `out` count from the first frame of the file, `start` and `end` from the first of the sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from contracts.cast import CastDetails
from services.identity.exports.clips import Clip
from services.identity.exports.programme import Programme
from services.identity.exports.said import person_in_words, programme_in_words

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
_FILE = "episode"


def to_fcp7(programme: Programme) -> str:
    """The document."""
    root = ElementTree.Element("xmeml", version="5")
    sequence = ElementTree.SubElement(root, "sequence", id="appearances")
    _text(sequence, "name", programme.title)
    _text(sequence, "duration", programme.length)
    _rate(sequence, programme)
    _timecode(sequence, programme, programme.record_frame)
    video = ElementTree.SubElement(ElementTree.SubElement(sequence, "media"), "video")
    for number, (name, clips) in enumerate(programme.people(), start=1):
        _track(video, programme, name, clips, number=number)
    if known := programme_in_words(programme.external_ids, programme.show_external_ids):
        _text(ElementTree.SubElement(sequence, "logginginfo"), "description", "; ".join(known))
    for clip in programme.clips:
        marker = ElementTree.SubElement(sequence, "marker")
        _text(marker, "name", clip.name)
        said = person_in_words(programme.details.get(clip.key, CastDetails()))
        _text(marker, "comment", f"{clip.key}: {said}" if said else clip.key)
        _text(marker, "in", clip.first)
        _text(marker, "out", clip.end)
    ElementTree.indent(root)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"


def _track(video: ElementTree.Element, programme: Programme, name: str, clips: Sequence[Clip], *, number: int) -> None:
    track = ElementTree.SubElement(video, "track")
    for place, clip in enumerate(clips, start=1):
        item = ElementTree.SubElement(track, "clipitem", id=f"clip-{number}-{place}")
        _text(item, "name", name)
        _text(item, "duration", programme.length)
        _rate(item, programme)
        for field, frame in (("start", clip.first), ("end", clip.end), ("in", clip.first), ("out", clip.end)):
            _text(item, field, frame)
        _file(item, programme, whole=number == place == 1)
    _text(track, "enabled", "TRUE")
    _text(track, "locked", "FALSE")


def _file(item: ElementTree.Element, programme: Programme, *, whole: bool) -> None:
    """The video: described once, named from then on."""
    file = ElementTree.SubElement(item, "file", id=_FILE)
    if not whole:
        return
    _text(file, "name", programme.ep_id)
    if programme.media is not None:
        _text(file, "pathurl", programme.media)
    _rate(file, programme)
    _text(file, "duration", programme.length)
    _timecode(file, programme, programme.start_frame)
    ElementTree.SubElement(ElementTree.SubElement(file, "media"), "video")


def _timecode(parent: ElementTree.Element, programme: Programme, frame: int) -> None:
    timecode = ElementTree.SubElement(parent, "timecode")
    _rate(timecode, programme)
    _text(timecode, "string", programme.timecode.text(frame))
    _text(timecode, "frame", frame)
    _text(timecode, "displayformat", "DF" if programme.timecode.drop else "NDF")


def _rate(parent: ElementTree.Element, programme: Programme) -> None:
    rate = ElementTree.SubElement(parent, "rate")
    _text(rate, "timebase", programme.rate.nominal)
    _text(rate, "ntsc", "TRUE" if programme.rate.seconds > 1 else "FALSE")


def _text(parent: ElementTree.Element, tag: str, value: str | int) -> None:
    ElementTree.SubElement(parent, tag).text = str(value)
