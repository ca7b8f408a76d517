from __future__ import annotations

import io
import re

import pytest

from contracts.blobs import BlobRef
from contracts.events import STAGES, EpisodeProgress, RunStarted, ScreenTimeReported, Stage
from screenalytics.terminal.messages import can_animate
from screenalytics.terminal.progress import ProgressView

RUN = "01JNDM3J7R5Z8Q2T4V6X8Y0A1B"
OTHER_RUN = "01JNDM3J7R5Z8Q2T4V6X8Y0A1C"
EP_ID = "harbour-lights-s02e05"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run_started(*, run_id: str = RUN, segments: int = 20, duration_s: float = 400.0) -> RunStarted:
    return RunStarted(
        ep_id=EP_ID,
        run_id=run_id,
        upload_event_id="upload",
        segments=segments,
        duration_s=duration_s,
        profile="balanced",
        width=1280,
        height=720,
        codec="h264",
    )


def finished(
    stage: Stage, segment: int | None, *, total: int = 20, run_id: str = RUN, done: int = 1
) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=EP_ID,
        run_id=run_id,
        stage=stage,
        segment=segment,
        done=done,
        total=total,
        media_s=20.0 if segment is not None else 400.0,
        detail={"faces": 10.0} if stage == "detector" else {},
    )


def reported(*, run_id: str = RUN) -> ScreenTimeReported:
    report = BlobRef(uri="s3://b/report.html", sha256="0" * 64, bytes=1, media_type="text/html")
    return ScreenTimeReported(
        ep_id=EP_ID, run_id=run_id, revision=1, duration_s=400.0, report=report, manifests={}, cast=(), unidentified=0
    )


def plain_view(clock: Clock | None = None) -> tuple[ProgressView, io.StringIO]:
    stream = io.StringIO()
    return ProgressView(stream=stream, environ={}, clock=clock or Clock()), stream


def test_plain_lines_say_stage_pieces_rate_and_time_left() -> None:
    clock = Clock()
    view, stream = plain_view(clock)
    view.started(run_started())
    for segment in range(10):
        clock.now += 4
        view.update(finished("detector", segment))
    last = stream.getvalue().splitlines()[-1]
    assert last == "detector  50%  10/20 segments  5.0x real time  100 faces  0:40 left"


def test_a_repeated_event_counts_once() -> None:
    view, stream = plain_view()
    view.started(run_started(segments=2))
    for _ in range(5):
        view.update(finished("detector", 0, total=2))
    assert "1/2 segments" in stream.getvalue()
    assert "2/2" not in stream.getvalue()


def test_events_of_another_run_do_not_count() -> None:
    view, stream = plain_view()
    view.started(run_started(segments=1))
    view.update(finished("detector", 0, total=1, run_id=OTHER_RUN))
    assert "detector" not in stream.getvalue()


def test_a_later_run_begins_from_nothing() -> None:
    view, stream = plain_view()
    view.started(run_started(segments=2))
    view.update(finished("detector", 0, total=2))
    view.started(run_started(run_id=OTHER_RUN, segments=2))
    view.update(finished("detector", 0, total=2, run_id=OTHER_RUN))
    assert stream.getvalue().count("detector  50%  1/2 segments") == 2


def test_a_repeated_start_changes_nothing() -> None:
    view, stream = plain_view()
    view.started(run_started())
    view.started(run_started())
    assert stream.getvalue().count(EP_ID) == 1


def test_progress_that_comes_before_the_start_is_kept() -> None:
    view, stream = plain_view()
    view.update(finished("detector", 0, total=2))
    view.started(run_started(segments=2))
    view.update(finished("detector", 1, total=2))
    assert "100%  2/2 segments" in stream.getvalue()


def test_hundreds_of_segments_make_few_lines() -> None:
    view, stream = plain_view()
    view.started(run_started(segments=500))
    for segment in range(500):
        view.update(finished("detector", segment, total=500))
    assert len(stream.getvalue().splitlines()) <= 11


def test_stages_without_segments_count_their_pieces_and_have_no_rate() -> None:
    clock = Clock()
    view, stream = plain_view(clock)
    view.started(run_started())
    clock.now = 3.0
    view.update(finished("grouper", None, total=2, done=1))
    view.update(finished("grouper", None, total=2, done=2))
    assert [line.split()[:3] for line in stream.getvalue().splitlines()[1:]] == [
        ["grouper", "50%", "1/2"],
        ["grouper", "100%", "2/2"],
    ]
    assert "real time" not in stream.getvalue()


def test_the_result_means_that_every_stage_is_done() -> None:
    view, stream = plain_view()
    view.started(run_started(segments=1))
    view.update(finished("detector", 0, total=1))
    view.reported(reported(run_id=OTHER_RUN))
    assert len(stream.getvalue().splitlines()) == 2
    view.reported(reported())
    done = [line.split()[0] for line in stream.getvalue().splitlines()[1:] if " 100%" in line]
    assert sorted(done) == sorted(STAGES)


def test_a_narrow_terminal_cuts_the_counts_not_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    stream = Terminal()
    clock = Clock()
    with ProgressView(stream=stream, environ={"TERM": "xterm"}, clock=clock) as view:
        view.started(run_started())
        clock.now += 2
        counts = {f"things_of_kind_{number}": 1000.0 for number in range(9)}
        view.update(finished("detector", 0).model_copy(update={"detail": counts}))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert re.search(r"10\.0x real time +0:38 left +1,000 .*…", shown)
    assert max(len(line.rstrip("\r")) for line in shown.splitlines()) <= 90


def test_no_terminal_means_no_escape_sequences() -> None:
    view, stream = plain_view()
    view.started(run_started())
    view.message("starting\x1b[2J the servers\nnow [bold]")
    view.update(finished("detector", 0, total=1))
    view.close()
    assert "\x1b" not in stream.getvalue()
    assert "starting[2J the servers now [bold]" in stream.getvalue()


def test_long_messages_are_not_broken_without_a_terminal() -> None:
    view, stream = plain_view()
    view.message("word " * 60)
    assert len(stream.getvalue().splitlines()) == 1


def test_a_terminal_gets_a_bar_for_every_stage() -> None:
    stream = Terminal()
    clock = Clock()
    with ProgressView(stream=stream, environ={"TERM": "xterm", "COLUMNS": "120"}, clock=clock) as view:
        view.started(run_started())
        for segment in range(20):
            clock.now += 2
            view.update(finished("detector", segment))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    for stage in ("ingest", "detector", "embedder", "grouper", "identity"):
        assert stage in shown
    assert "10.0x real time" in shown
    assert "200 faces" in shown
    assert stream.getvalue().rstrip().endswith("\x1b[?25h"), "the cursor is shown again"


def test_closing_twice_and_updating_afterwards_is_harmless() -> None:
    view, stream = plain_view()
    view.started(run_started())
    view.close()
    view.close()
    before = stream.getvalue()
    view.update(finished("detector", 0, total=1))
    assert stream.getvalue() == before


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "CI": "false"}, True),
        ({"TERM": "xterm", "CI": "true"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_the_environment_can_ask_for_plain_lines(environ: dict[str, str], expected: bool) -> None:
    assert can_animate(Terminal(), environ) is expected
    assert can_animate(io.StringIO(), environ) is False
