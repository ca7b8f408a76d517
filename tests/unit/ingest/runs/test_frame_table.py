"""Times of frames come back from their table to the tick; what browsers play is said rightly."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.runs.frame_table import FrameTable, Playing, table_of, why_unplayable

TICK = Fraction(1, 90_000)


def times_of(table: FrameTable) -> tuple[list[int], int]:
    """The frames' times in ticks, and the end of the last one, as a page works them out."""
    spacings = list(chain.from_iterable([delta] * count for delta, count in zip(table.delta, table.count, strict=True)))
    *times, end = accumulate(spacings, initial=table.first)
    return times, end


@given(st.lists(st.integers(1, 9000), min_size=1, max_size=200), st.integers(0, 5000), st.integers(1, 9000))
def test_times_come_back_whatever_the_spacings(spacings: list[int], first: int, last: int) -> None:
    shown = np.array(list(accumulate(spacings, initial=first)), dtype=np.int64)
    table = table_of(shown, tick=TICK, end=int(shown[-1]) + last)
    assert table.frames == sum(table.count) == len(shown)
    assert all(earlier != later for earlier, later in zip(table.delta, table.delta[1:], strict=False))
    assert times_of(table) == (shown.tolist(), shown[-1] + last)


def test_a_steady_rate_is_one_run() -> None:
    table = table_of(np.arange(100_000, dtype=np.int64) * 3600, tick=TICK, end=360_000_000)
    assert (table.delta, table.count, table.tick_s) == ((3600,), (100_000,), (1, 90_000))


@pytest.mark.parametrize("end", [0, 7200])
def test_an_end_that_is_no_later_than_the_last_frame_is_not_believed(end: int) -> None:
    assert times_of(table_of(np.array([0, 3600, 7200]), tick=TICK, end=end)) == ([0, 3600, 7200], 10_800)


def test_a_single_frame_and_none_have_tables() -> None:
    assert times_of(table_of(np.array([0]), tick=TICK, end=3600)) == ([0], 3600)
    empty = table_of(np.zeros(0, dtype=np.int64), tick=TICK, end=3600)
    assert (empty.frames, empty.delta, empty.count) == (0, (), ())


def playing(**changed: object) -> Playing:
    usual: dict[str, object] = {
        "container": "mp4", "video": "h264", "pixels": "yuv420p", "audio": "aac", "is_first_stream": True
    }  # fmt: skip
    return Playing(**(usual | changed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"audio": None},
        {"audio": "mp3"},
        {"pixels": "yuvj420p"},
        {"container": "webm", "video": "vp8", "audio": "vorbis"},
        {"container": "webm", "video": "vp9", "audio": "opus"},
        {"video": "av1", "audio": "opus"},
    ],
)
def test_what_browsers_play_is_played(changed: dict[str, object]) -> None:
    assert why_unplayable(playing(**changed)) is None


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"container": "matroska"}, "not matroska"),
        ({"container": "mpegts"}, "not mpegts"),
        ({"video": "hevc"}, "hevc in mp4"),
        ({"pixels": "yuv420p10le"}, "yuv420p10le"),
        ({"pixels": "yuv422p"}, "yuv422p"),
        ({"audio": "ac3"}, "ac3"),
        ({"container": "webm", "video": "h264"}, "h264 in webm"),
        ({"is_first_stream": False}, "first video stream"),
    ],
)
def test_what_they_do_not_is_said_in_words(changed: dict[str, object], why: str) -> None:
    assert why in (why_unplayable(playing(**changed)) or "")
