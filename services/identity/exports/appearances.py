"""Appearances of a screen-time document for other programs: what may be asked for, and which writer does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from chassis.domain.intervals import clip
from chassis.errors import BadInput
from contracts.rows import ScreenTimeDocument
from services.identity.exports.clips import Cutting, clips_of, frames_of, plain
from services.identity.exports.coco import to_coco
from services.identity.exports.ebucore import to_ebucore
from services.identity.exports.edl import to_edl
from services.identity.exports.elan import to_eaf
from services.identity.exports.face_boxes import BoxedEpisode
from services.identity.exports.fcp7 import to_fcp7
from services.identity.exports.fcpxml import to_fcpxml
from services.identity.exports.iptc import to_iptc
from services.identity.exports.markers import to_avid_markers, to_marker_edl
from services.identity.exports.mot import to_mot
from services.identity.exports.otio import to_otio
from services.identity.exports.player_clock import on_the_players_clock
from services.identity.exports.programme import Programme
from services.identity.exports.tidy import to_tidy_csv
from services.identity.exports.timecode import RATES, RateName, Timecode
from services.identity.exports.ttml import to_ttml
from services.identity.exports.webvtt import Cues, to_webvtt
from services.identity.screentime.moments import OnScreen, people_in, person_in
from services.identity.screentime.participants import only_participants
from services.identity.signoff.statement import in_words

Exchange = Literal[
    "edl",
    "marker-edl",
    "fcpxml",
    "fcp7",
    "otio",
    "avid-markers",
    "webvtt",
    "ttml",
    "eaf",
    "tidy",
    "iptc",
    "ebucore",
    "coco",
    "mot",
]
BOXES: frozenset[Exchange] = frozenset({"coco", "mot"})
"""Written of boxes in the picture, not of appearances."""


class FileKind(NamedTuple):
    """How a file of a format is called and served."""

    suffix: str
    media_type: str


FILES: Mapping[Exchange, FileKind] = {
    "edl": FileKind("edl", "text/plain"),
    "marker-edl": FileKind("markers.edl", "text/plain"),
    "fcpxml": FileKind("fcpxml", "application/xml"),
    "fcp7": FileKind("xml", "application/xml"),
    "otio": FileKind("otio", "application/json"),
    "avid-markers": FileKind("markers.txt", "text/plain"),
    "webvtt": FileKind("vtt", "text/vtt"),
    "ttml": FileKind("ttml", "application/ttml+xml"),
    "eaf": FileKind("eaf", "application/xml"),
    "tidy": FileKind("tidy.csv", "text/csv"),
    "iptc": FileKind("iptc.json", "application/json"),
    "ebucore": FileKind("ebucore.rdf", "application/rdf+xml"),
    "coco": FileKind("coco.json", "application/json"),
    "mot": FileKind("mot.zip", "application/zip"),
}


@dataclass(frozen=True, kw_only=True)
class ExportForm:
    """What is wanted. `people`: cast ids, or identity ids of unidentified people; nobody means everybody.

    `fps` None: as measured. `start_tc` and `drop_frame` None: those of the file's timecode track; without any, times are
    those of a player. `record_tc` None: a timeline begins as the file does. Timecode matters to what counts frames,
    `media` to what names the video, `cues` to WebVTT alone.
    """

    people: tuple[str, ...] = ()
    unidentified: bool = False
    participants: bool = False
    fps: RateName | None = None
    start_tc: str | None = None
    record_tc: str | None = None
    drop_frame: bool | None = None
    cutting: Cutting = field(default_factory=Cutting)
    media: str | None = None
    cues: Cues = "names"


def write_appearances(
    document: ScreenTimeDocument, exchange: Exchange, form: ExportForm, *, rate_name: RateName
) -> str:
    """The appearances of everybody wanted.

    Raises:
        NotFound: `unknown_person`.
        BadInput: `no_drop_frame`, `bad_timecode`.
    """
    if exchange in _WRITERS:
        return _WRITERS[exchange](programme_of(document, form, rate_name=rate_name))
    ep_id, end_s = document.episode_id, document.duration_s + document.starts_at_s
    people = [
        replace(person, intervals=clip(person.intervals, 0.0, end_s))
        for person in _wanted(on_the_players_clock(document), form)
    ]
    signed = _signed(document)
    ids = {"external_ids": document.external_ids, "show_external_ids": document.show_external_ids}
    match exchange:
        case "ttml":
            return to_ttml(ep_id, people, duration_s=end_s, signed=signed, **ids)
        case "eaf":
            return to_eaf(people, run_id=document.run_id, media=form.media, signed=signed, **ids)
        case "tidy":
            return to_tidy_csv(document, people)
        case "iptc":
            return to_iptc(ep_id, people, duration_s=end_s, external_ids=document.external_ids, media=form.media)
        case "ebucore":
            return to_ebucore(ep_id, people, duration_s=end_s, **ids)
        case "coco" | "mot":
            raise ValueError(f"{exchange} is written of boxes")
        case _:
            return to_webvtt(ep_id, people, duration_s=end_s, cues=form.cues, signed=signed)


def write_boxes(episode: BoxedEpisode, exchange: Exchange) -> str | bytes:
    """The boxes of everybody in it."""
    return to_coco(episode) if exchange == "coco" else to_mot(episode)


def programme_of(document: ScreenTimeDocument, form: ExportForm, *, rate_name: RateName) -> Programme:
    """The document in whole frames; raises as `write_appearances`."""
    timecode, start_frame = first_picture(document, form, rate_name=rate_name)
    begins_s = document.starts_at_s if start_frame is None else 0.0
    people = _wanted(on_the_players_clock(document) if start_frame is None else document, form)
    first = start_frame or 0
    return Programme(
        ep_id=document.episode_id,
        clips=clips_of(people, duration_s=begins_s + document.duration_s, rate=timecode.rate),
        rate_name=rate_name,
        timecode=timecode,
        length=frames_of(begins_s + document.duration_s, timecode.rate),
        start_frame=first,
        record_frame=timecode.frame(form.record_tc) if form.record_tc is not None else first,
        media=form.media,
        signed=_signed(document),
        external_ids=document.external_ids,
        show_external_ids=document.show_external_ids,
        details={person.key: person.details for person in people},
    )


def first_picture(
    document: ScreenTimeDocument, form: ExportForm, *, rate_name: RateName
) -> tuple[Timecode, int | None]:
    """How frames are named, and the frame of the first picture: as asked for, else by the file's timecode track.

    None where neither says: then second 0 of a player is 00:00:00:00. A timecode that does not exist at this rate, as
    that of a file whose rate is not known, is none.
    """
    rate = RATES[rate_name]
    if form.start_tc is not None or document.timecode is None:
        timecode = Timecode(rate, drop=bool(form.drop_frame))
        return timecode, timecode.frame(form.start_tc) if form.start_tc is not None else None
    by_file = ";" in document.timecode and rate.dropped > 0
    timecode = Timecode(rate, drop=by_file if form.drop_frame is None else form.drop_frame)
    try:
        return timecode, timecode.frame(document.timecode)
    except BadInput:
        return timecode, None


def _wanted(document: ScreenTimeDocument, form: ExportForm) -> Sequence[OnScreen]:
    document = only_participants(document) if form.participants else document
    if form.people:
        people: Sequence[OnScreen] = [person_in(document, person) for person in dict.fromkeys(form.people)]
    else:
        people = people_in(document, unidentified=form.unidentified)
    return [form.cutting.of(person) for person in people]


def _signed(document: ScreenTimeDocument) -> str | None:
    """Who signed the times off, in a sentence on one line."""
    return None if document.signed_off is None else plain(in_words(document.signed_off))


def _edl(programme: Programme) -> str:
    return to_edl(
        programme.ep_id,
        programme.clips,
        timecode=programme.timecode,
        start_frame=programme.start_frame,
        record_frame=programme.record_frame,
        external_ids=programme.external_ids,
        show_external_ids=programme.show_external_ids,
        details=programme.details,
    )


def _fcpxml(programme: Programme) -> str:
    return to_fcpxml(
        programme.ep_id,
        programme.clips,
        rate_name=programme.rate_name,
        timecode=programme.timecode,
        length=programme.length,
        start_frame=programme.record_frame,
        signed=programme.signed,
        external_ids=programme.external_ids,
        show_external_ids=programme.show_external_ids,
        details=programme.details,
    )


_WRITERS: Mapping[str, Callable[[Programme], str]] = {
    "edl": _edl,
    "marker-edl": to_marker_edl,
    "fcpxml": _fcpxml,
    "fcp7": to_fcp7,
    "otio": to_otio,
    "avid-markers": to_avid_markers,
}
