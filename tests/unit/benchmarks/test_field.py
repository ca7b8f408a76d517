"""What a file of the field has to give to be right: seconds, names, frames, its edit list and its cast."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.field import FieldFile, Outcome, judge, line
from contracts.rows import CastScreenTime, Coverage, ScreenTimeDocument, UnidentifiedScreenTime

FILE = FieldFile(
    video="late.mov", what="late", seconds={"ada": 2.0}, facts={"starts_at_s": 5.0}, frames=200, edl_from="00:00:05:00"
)


def member(cast_id: str, seconds: float) -> CastScreenTime:
    return CastScreenTime(
        cast_id=cast_id,
        name=cast_id,
        visible_s=seconds,
        share=0.1,
        appearances=1,
        longest_s=seconds,
        intervals_s=((0.0, seconds),),
        confidence=1.0,
        identity_ids=(),
    )


def stranger(seconds: float) -> UnidentifiedScreenTime:
    return UnidentifiedScreenTime(
        identity_id="identity-00001", visible_s=seconds, intervals_s=((0.0, seconds),), tracks=1, reason="nobody known"
    )


RESULT = ScreenTimeDocument(
    episode_id="late-s01e01",
    run_id="01JGFJJZ00ABCDEFGHJKMNPQRS",
    revision=1,
    duration_s=8.0,
    cast=(member("ada", 2.0),),
    unidentified=(),
    co_appearance_s=(),
    coverage=Coverage(any_face_s=2.0, nobody_s=6.0),
    starts_at_s=5.0,
)
EDL = "TITLE: late\r\n\r\n001  LAS01E01 V     C        00:00:05:00 00:00:07:00 00:00:00:00 00:00:02:00\r\n"
RIGHT = Outcome(screen_time=RESULT, frames=200, edl=EDL)


def having(**fields: object) -> Outcome:
    return replace(RIGHT, screen_time=RESULT.model_copy(update=fields))


def test_what_is_as_it_should_be_is_right() -> None:
    verdict = judge(FILE, RIGHT)
    assert verdict.good
    assert (verdict.right_s, verdict.wrong_s) == (2.0, 0.0)
    assert line(verdict).rstrip().endswith("right")


@pytest.mark.parametrize(
    ("outcome", "complaint"),
    [
        (having(cast=()), "ada 0.00 s instead of 2.00 s"),
        (having(cast=(member("ada", 2.0), member("boris", 1.0))), "boris 1.00 s instead of 0.00 s"),
        (having(unidentified=(stranger(1.5),)), "people without a name 1.50 s instead of 0.00 s"),
        (having(starts_at_s=0.0), "starts_at_s is 0.0 instead of 5.0"),
        (replace(RIGHT, frames=100), "100 frames instead of 200"),
        (
            replace(RIGHT, edl=EDL.replace("00:00:05:00", "00:00:00:00")),
            "the edit list begins at 00:00:00:00 instead of 00:00:05:00",
        ),
        (replace(RIGHT, edl="TITLE: late"), "the edit list begins at None instead of 00:00:05:00"),
        (replace(RIGHT, without_pictures=("Jack",)), "no picture is used of Jack"),
    ],
)
def test_what_is_not_is_told(outcome: Outcome, complaint: str) -> None:
    verdict = judge(FILE, outcome)
    assert verdict.complaints == (complaint,)
    assert f"WRONG: {complaint}" in line(verdict)


def test_people_who_cannot_be_named_are_expected_where_the_cast_lacks_them() -> None:
    assert judge(replace(FILE, unnamed_s=1.5), having(unidentified=(stranger(1.5),))).good
