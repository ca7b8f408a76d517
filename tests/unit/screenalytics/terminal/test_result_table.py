from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from screenalytics.terminal.messages import render_error
from screenalytics.terminal.result import render_result_table, screen_seconds
from tests.unit.identity.report.report_documents import screen_time


def test_plain_table_has_a_line_for_everybody_in_aligned_columns() -> None:
    document = screen_time()
    lines = render_result_table(document, plain=True).splitlines()
    table = lines[: len(document.cast) + 1]
    assert table[0].split() == ["Name", "On", "screen", "Share", "Appearances", "Confidence"]
    for member, line in zip(document.cast, table[1:], strict=True):
        assert line.startswith(member.name)
        assert line.split()[-4:] == [
            screen_seconds(member.visible_s),
            f"{member.share:.1%}",
            str(member.appearances),
            f"{member.confidence:.0%}",
        ]
    assert len({cell_len(line) for line in table}) == 1


def test_unidentified_coverage_unseen_and_warnings_close_the_table() -> None:
    document = screen_time(names=("Ada",), unidentified=2, warnings=("Segment 7 is damaged.",))
    absent = document.cast[0].model_copy(update={"name": "Zoë", "visible_s": 0.0, "intervals_s": ()})
    text = render_result_table(document.model_copy(update={"cast": (*document.cast, absent)}), plain=True)
    seconds = screen_seconds(sum(person.visible_s for person in document.unidentified))
    assert f"Unidentified: 2 people, {seconds} in all" in text
    assert f"Coverage: somebody on screen {screen_seconds(document.coverage.any_face_s)}" in text
    assert "Not seen: Zoë" in text
    assert "Warning: Segment 7 is damaged." in text


def test_a_terminal_gets_the_same_figures_in_colour() -> None:
    document = screen_time()
    drawn = render_result_table(document, plain=False)
    assert "\x1b[" in drawn
    bare = re.sub(r"\x1b\[[0-9;]*m", "", drawn)
    assert bare.split() == render_result_table(document, plain=True).split()


def test_nobody_recognised_is_said() -> None:
    text = render_result_table(screen_time(names=(), unidentified=0), plain=True)
    assert text.startswith("Nobody from the cast was recognised.")
    assert "Coverage: somebody on screen 0:00.0 (0.0%)" in text


def test_names_cannot_move_the_cursor_reorder_the_line_or_break_the_table() -> None:
    hostile = "Eve\x1b[2J\u202e\n" + "x" * 200
    text = render_result_table(screen_time(names=(hostile, "Ada"), unidentified=0), plain=True)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(map(len, text.splitlines()[:3])) < 100
    assert "…" in text


@pytest.mark.parametrize(("seconds", "written"), [(0, "0:00.0"), (59.96, "1:00.0"), (3725.04, "1:02:05.0")])
def test_seconds_are_written_as_a_clock(seconds: float, written: str) -> None:
    assert screen_seconds(seconds) == written


def test_an_error_is_one_line_with_its_code() -> None:
    assert (
        render_error("no_video_stream", "There is no picture in\nthis file.", colour=False)
        == "error: There is no picture in this file. [no_video_stream]"
    )


def test_an_error_is_coloured_on_a_terminal_only() -> None:
    assert render_error("code", "Sentence.", colour=True).startswith("\x1b[1;31merror:\x1b[0m ")
