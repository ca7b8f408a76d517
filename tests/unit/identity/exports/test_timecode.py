"""Timecode names every frame once, in order, and drop-frame counting follows the clock."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import BadInput
from services.identity.exports.timecode import RATE_NAMES, RATES, RateName, Timecode, guess_rate

DROPPING: tuple[RateName, ...] = ("29.97", "59.94")
COUNTINGS = [(name, False) for name in RATE_NAMES] + [(name, True) for name in DROPPING]


def counting(name: RateName, drop: bool) -> Timecode:
    return Timecode(RATES[name], drop=drop)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("29.97", "00:00:59;29", "00:01:00;02"),
        ("29.97", "00:01:59;29", "00:02:00;02"),
        ("29.97", "00:09:59;29", "00:10:00;00"),
        ("29.97", "00:10:59;29", "00:11:00;02"),
        ("29.97", "23:59:59;29", "00:00:00;00"),
        ("59.94", "00:00:59;59", "00:01:00;04"),
        ("59.94", "00:09:59;59", "00:10:00;00"),
    ],
)
def test_drop_frame_leaves_out_numbers_at_minutes_but_each_tenth(name: RateName, before: str, after: str) -> None:
    timecode = counting(name, True)
    assert timecode.text(timecode.frame(before) + 1) == after


@pytest.mark.parametrize(
    ("name", "drop", "frame", "text"),
    [
        ("29.97", True, 0, "00:00:00;00"),
        ("29.97", True, 1799, "00:00:59;29"),
        ("29.97", True, 1800, "00:01:00;02"),
        ("29.97", True, 17_982, "00:10:00;00"),
        ("29.97", True, 107_892, "01:00:00;00"),
        ("59.94", True, 215_784, "01:00:00;00"),
        ("29.97", False, 1800, "00:01:00:00"),
        ("23.976", False, 86_400, "01:00:00:00"),
        ("25", False, 90_001, "01:00:00:01"),
        ("50", False, 49, "00:00:00:49"),
    ],
)
def test_known_frames_have_their_known_timecode(name: RateName, drop: bool, frame: int, text: str) -> None:
    assert counting(name, drop).text(frame) == text
    assert counting(name, drop).frame(text) == frame


@pytest.mark.parametrize(("name", "drop"), COUNTINGS)
@given(frame=st.integers(0, 24 * 3600 * 59))
def test_a_timecode_names_the_frame_it_was_made_from(name: RateName, drop: bool, frame: int) -> None:
    timecode = counting(name, drop)
    day = timecode.frame("23:59:59" + (";" if drop else ":") + f"{timecode.rate.nominal - 1:02d}") + 1
    assert timecode.frame(timecode.text(frame)) == frame % day


@pytest.mark.parametrize("name", DROPPING)
@given(minutes=st.integers(1, 23 * 60))
def test_drop_frame_stays_within_two_frames_of_the_clock(name: RateName, minutes: int) -> None:
    timecode = counting(name, True)
    frame = timecode.rate.nearest_frame(minutes * 60)
    hours, minute, second, frames = (int(part) for part in timecode.text(frame).replace(";", ":").split(":"))
    shown = Fraction((hours * 60 + minute) * 60 + second) + Fraction(frames, timecode.rate.nominal)
    most = Fraction(timecode.rate.dropped, timecode.rate.nominal) * (Fraction(minutes, 600) + 1)
    assert abs(shown - minutes * 60) <= most


@pytest.mark.parametrize(
    "text",
    ["", "1:00:00:00", "00:00:00:25", "24:00:00:00", "00:60:00:00", "00:00:00:00\n", "٠٠:٠٠:٠٠:٠٠", "00:00:00:00 "],
)
def test_what_is_no_timecode_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        counting("25", False).frame(text)
    assert refused.value.code == "bad_timecode"


@pytest.mark.parametrize("text", ["00:01:00;00", "00:01:00;01", "01:59:00;01"])
def test_a_number_that_drop_frame_leaves_out_names_no_frame(text: str) -> None:
    with pytest.raises(BadInput):
        counting("29.97", True).frame(text)
    assert counting("29.97", False).frame(text) > 0


@pytest.mark.parametrize("name", ["23.976", "24", "25", "30", "50", "60"])
def test_other_rates_know_no_drop_frame(name: RateName) -> None:
    with pytest.raises(BadInput) as refused:
        counting(name, True)
    assert refused.value.code == "no_drop_frame"


@pytest.mark.parametrize("name", RATE_NAMES)
@pytest.mark.parametrize("minutes", [2, 22, 60])
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_rate_is_recognised_from_the_frames_of_a_video(name: RateName, minutes: int, off: int) -> None:
    frames = RATES[name].nearest_frame(minutes * 60) + off
    assert guess_rate(frames, minutes * 60) == name


@pytest.mark.parametrize(("frames", "duration_s"), [(0, 10.0), (100, 0.0), (12_000, 1000.0), (1_200_000, 10_000.0)])
def test_a_rate_that_is_none_of_the_known_is_not_guessed(frames: int, duration_s: float) -> None:
    assert guess_rate(frames, duration_s) is None
