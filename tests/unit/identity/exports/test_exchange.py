"""Appearances as EDL, FCPXML and WebVTT: exact frames, nothing lost, no text that breaks the format."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.intervals import Intervals, normalise, total
from services.identity.exports.clips import Clip, clips_of, frames_of, plain
from services.identity.exports.edl import reel_name, to_edl
from services.identity.exports.fcpxml import rational, to_fcpxml
from services.identity.exports.timecode import RATE_NAMES, RATES, RateName, Timecode
from services.identity.exports.webvtt import to_webvtt
from services.identity.screentime.moments import OnScreen

EP = "harbour-lights-s02e05"
EVENT = re.compile(r"^(\d{3,})  (\S{1,8}) +V     C        (\S{11}) (\S{11}) (\S{11}) (\S{11})$")
HOSTILE = "Ada & <b>\r\nM2   V  C --> \x00]]>\ud800\u2028\"'"
DURATION = 100.0


def person(key: str, *intervals: tuple[float, float], name: str | None = None) -> OnScreen:
    return OnScreen(key, name or key.title(), "cast", intervals, total(intervals))


moments = st.integers(0, 100_000).map(lambda milliseconds: milliseconds / 1000)
spans = st.lists(st.tuples(moments, moments), max_size=12).map(normalise)
casts = st.lists(spans, max_size=4).map(
    lambda lists: [person(f"p{number}", *intervals) for number, intervals in enumerate(lists)]
)
rates = st.sampled_from(RATE_NAMES)


@given(people=casts, name=rates)
def test_clips_are_never_empty_and_in_order_and_inside(people: list[OnScreen], name: RateName) -> None:
    rate = RATES[name]
    clips = clips_of(people, duration_s=DURATION, rate=rate)
    assert all(0 <= clip.first < clip.end <= frames_of(DURATION, rate) for clip in clips)
    assert [clip.first for clip in clips] == sorted(clip.first for clip in clips)
    for one in people:
        own = [clip for clip in clips if clip.key == one.key]
        assert all(before.end <= after.first for before, after in pairwise(own))
        assert bool(own) == bool(one.intervals)


@given(intervals=spans, name=rates)
def test_borders_are_off_by_half_a_frame_at_most(intervals: Intervals, name: RateName) -> None:
    rate = RATES[name]
    long = tuple(span for span in intervals if span[1] - span[0] > 0.1)
    clips = clips_of([person("ada", *long)], duration_s=DURATION, rate=rate)
    assert len(clips) == len(long)
    frame = Fraction(rate.seconds, rate.frames)
    for clip, (start, end) in zip(clips, long, strict=True):
        assert abs(clip.first * frame - Fraction(str(start))) <= frame / 2
        assert abs(clip.end * frame - Fraction(str(end))) <= frame / 2


def test_appearances_that_share_a_frame_are_one() -> None:
    rate = RATES["25"]
    clips = clips_of([person("ada", (1.0, 1.001), (1.002, 1.003), (1.9, 2.0))], duration_s=10, rate=rate)
    assert [(clip.first, clip.end) for clip in clips] == [(25, 26), (48, 50)]


def test_an_appearance_in_the_last_instant_is_still_a_frame() -> None:
    clips = clips_of([person("ada", (9.999, 10.0))], duration_s=10, rate=RATES["24"])
    assert [(clip.first, clip.end) for clip in clips] == [(239, 240)]


def test_an_edl_lists_sources_and_a_record_without_gaps() -> None:
    people = [person("ada", (0.0, 2.0), (59.0, 61.0), name="Ada Marsh"), person("jose", (1.0, 1.5), name="José")]
    timecode = Timecode(RATES["29.97"], drop=True)
    clips = clips_of(people, duration_s=DURATION, rate=timecode.rate)
    lines = to_edl(EP, clips, timecode=timecode).split("\r\n")
    assert lines[:3] == [f"TITLE: {EP} appearances", "FCM: DROP FRAME", ""]
    assert lines[3:] == [
        "001  HAS02E05 V     C        00:00:00;00 00:00:02;00 00:00:00;00 00:00:02;00",
        f"* FROM CLIP NAME: {EP}",
        "* COMMENT: Ada Marsh",
        "002  HAS02E05 V     C        00:00:01;00 00:00:01;15 00:00:02;00 00:00:02;15",
        f"* FROM CLIP NAME: {EP}",
        "* COMMENT: José",
        "003  HAS02E05 V     C        00:00:58;28 00:01:01;00 00:00:02;15 00:00:04;15",
        f"* FROM CLIP NAME: {EP}",
        "* COMMENT: Ada Marsh",
        "",
    ]


@given(people=casts, name=rates, start=st.integers(0, 2_000_000))
def test_every_edl_event_is_as_long_in_the_record_as_in_the_source(
    people: list[OnScreen], name: RateName, start: int
) -> None:
    timecode = Timecode(RATES[name])
    clips = clips_of(people, duration_s=DURATION, rate=timecode.rate)
    events = [
        found
        for line in to_edl(EP, clips, timecode=timecode, start_frame=start).split("\r\n")
        if (found := EVENT.match(line))
    ]
    assert len(events) == len(clips)
    record = start
    for event, clip in zip(events, clips, strict=True):
        times = [timecode.frame(event[part]) for part in (3, 4, 5, 6)]
        assert times == [start + clip.first, start + clip.end, record, record + clip.frames]
        record += clip.frames


def test_a_name_cannot_add_a_line_to_an_edl() -> None:
    clips = clips_of([person("ada", (0.0, 1.0), name=HOSTILE)], duration_s=10, rate=RATES["25"])
    text = to_edl(EP, clips, timecode=Timecode(RATES["25"]))
    assert len(text.encode().split(b"\r\n")) == 7
    assert text.count("\n") == text.count("\r\n") == 6
    assert "\x00" not in text


@pytest.mark.parametrize(("ep_id", "reel"), [(EP, "HAS02E05"), ("x-s01e02", "XS01E02"), ("9-to-5-s10e11", "9TS10E11")])
def test_a_reel_name_has_at_most_eight_letters(ep_id: str, reel: str) -> None:
    assert reel_name(ep_id) == reel


def seconds(text: str) -> Fraction:
    assert re.fullmatch(r"\d+(/\d+)?s", text)
    return Fraction(text.removesuffix("s"))


def parse(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text.split("<!DOCTYPE fcpxml>\n", 1)[1])


@given(people=casts, name=rates, start=st.integers(0, 2_000_000))
def test_fcpxml_markers_are_the_clips_in_whole_frames(people: list[OnScreen], name: RateName, start: int) -> None:
    rate = RATES[name]
    clips = clips_of(people, duration_s=DURATION, rate=rate)
    length = frames_of(DURATION, rate)
    root = parse(to_fcpxml(EP, clips, rate_name=name, timecode=Timecode(rate), length=length, start_frame=start))
    frame = Fraction(rate.seconds, rate.frames)
    assert (root.tag, root.get("version")) == ("fcpxml", "1.10")
    assert seconds(root.find("resources/format").get("frameDuration")) == frame  # type: ignore[union-attr, arg-type]
    gap = root.find("event/project/sequence/spine/gap")
    assert gap is not None
    assert seconds(gap.attrib["duration"]) == length * frame
    markers = gap.findall("marker")
    assert [(seconds(one.attrib["start"]), seconds(one.attrib["duration"])) for one in markers] == [
        ((start + clip.first) * frame, clip.frames * frame) for clip in clips
    ]


def test_fcpxml_says_names_and_timecodes_whatever_they_are() -> None:
    rate = RATES["29.97"]
    clips = (Clip("ada", plain(HOSTILE), 1799, 1801),)
    text = to_fcpxml(EP, clips, rate_name="29.97", timecode=Timecode(rate, drop=True), length=2000)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n')
    root = parse(text.encode().decode())
    sequence = root.find("event/project/sequence")
    marker = root.find(".//marker")
    assert sequence is not None and marker is not None
    assert sequence.get("tcFormat") == "DF"
    assert marker.get("value") == "Ada & <b> M2 V C --> ]]> \"'"
    assert marker.get("note") == "ada 00:00:59;29 - 00:01:00;03"


def test_times_are_written_as_fractions_that_divide_by_the_frame() -> None:
    assert rational(3, RATES["29.97"]) == "3003/30000s"
    assert rational(50, RATES["25"]) == "2s"
    assert rational(0, RATES["23.976"]) == "0s"


def cues_of(text: str) -> list[tuple[float, float, str]]:
    head, *blocks = text.rstrip("\n").split("\n\n")
    assert head.startswith("WEBVTT")
    cues = []
    for block in blocks:
        times, body = block.split("\n", 1)
        start, end = (
            sum(float(part) * unit for part, unit in zip(time.split(":"), (3600, 60, 1), strict=True))
            for time in times.split(" --> ")
        )
        cues.append((round(start, 3), round(end, 3), body))
    return cues


def test_webvtt_has_a_cue_for_every_change_of_who_is_visible() -> None:
    people = [person("ada", (0.5, 4.0), name="Ada"), person("bo", (2.0, 3.0), (6.0, 7.25), name="Bo")]
    assert cues_of(to_webvtt(EP, people, duration_s=DURATION)) == [
        (0.5, 2.0, "Ada"),
        (2.0, 3.0, "Ada\nBo"),
        (3.0, 4.0, "Ada"),
        (6.0, 7.25, "Bo"),
    ]


@given(people=casts)
def test_webvtt_cues_show_everybody_for_all_of_their_time(people: list[OnScreen]) -> None:
    cues = cues_of(to_webvtt(EP, people, duration_s=DURATION, cues="json"))
    assert all(start < end for start, end, _ in cues)
    assert all(before[1] <= after[0] for before, after in pairwise(cues))
    for one in people:
        shown = [(start, end) for start, end, body in cues if one.key in [p["id"] for p in json.loads(body)["people"]]]
        assert normalise(shown) == one.intervals


@pytest.mark.parametrize("cues", ["names", "json"])
def test_a_name_cannot_end_a_cue_or_become_a_tag(cues: str) -> None:
    text = to_webvtt(EP, [person("ada", (0.0, 1.0), name=HOSTILE)], duration_s=10, cues=cues)  # type: ignore[arg-type]
    assert text.encode().count(b"-->") == 1
    ((_, _, body),) = cues_of(text)
    assert "\n" not in body
    if cues == "names":
        assert "<" not in body and "&amp; &lt;b&gt;" in body
    else:
        assert json.loads(body)["people"][0]["name"] == plain(HOSTILE)


@given(text=st.text(alphabet=st.characters(exclude_categories=())))
def test_plain_text_is_one_line_that_utf_8_can_carry(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert len(once.splitlines()) <= 1
    ElementTree.fromstring(ElementTree.tostring(ElementTree.Element("a", b=once)))


def test_a_name_of_nothing_that_can_be_written_is_replaced_by_the_id() -> None:
    assert clips_of([person("ada", (0.0, 1.0), name="\x00\x01")], duration_s=10, rate=RATES["25"])[0].name == "ada"
