"""How far a run is, and what is new to somebody who saw a part of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.runs.progress import Seen, all_done, changes_since, nothing_done, status_of
from services.ingest.runs.records import MeasuredFrom, Pieces, Run
from tests.support.run_records import BEGIN, RUN, a_run


def counted(detector: int, embedder: int, *, seq: int = 1) -> dict[str, Pieces]:
    done = {"detector": detector, "embedder": embedder}
    return nothing_done(4) | {stage: Pieces(done=n, total=4, seq=seq) for stage, n in done.items()}


def test_rate_and_time_left_come_from_the_slowest_stage() -> None:
    status = status_of(a_run(progress=counted(4, 1)), now=BEGIN + timedelta(seconds=10))
    assert (status.fraction, status.rate, status.seconds_left) == (0.25, 2.0, 30.0)


def test_a_run_that_was_taken_up_again_is_measured_from_then() -> None:
    again = MeasuredFrom(at=BEGIN + timedelta(hours=5), fraction=0.25)
    latest = again.at + timedelta(seconds=5)
    run = a_run(progress=counted(4, 2), measured_from=again, progressed_at=latest)
    assert (status_of(run, now=latest).rate, status_of(run, now=latest).seconds_left) == (4.0, 10.0)


def test_the_time_left_is_known_from_the_first_segment_and_grows_less_while_the_next_is_worked_on() -> None:
    """The detector has done one of four in 20 s, the embedder none; each has its own time."""
    first = BEGIN + timedelta(seconds=20)
    progress = nothing_done(4) | {"detector": Pieces(done=1, total=4, seq=1, at=first)}
    run = a_run(progress=progress, progressed_at=first + timedelta(seconds=15))
    left = [status_of(run, now=first + timedelta(seconds=passed)).seconds_left for passed in (0, 5, 15, 20)]
    assert left == [60.0, 55.0, 45.0, 40.0]
    assert (status_of(run, now=first + timedelta(seconds=40)).seconds_left or 0) > 60, (
        "late, and so are those that follow"
    )


def test_nothing_done_promises_nothing() -> None:
    status = status_of(a_run(), now=BEGIN + timedelta(seconds=10))
    assert (status.fraction, status.rate, status.seconds_left) == (0.0, None, None)


def test_a_finished_run_has_done_everything() -> None:
    run = a_run(state="finished", finished_at=BEGIN + timedelta(seconds=20), progress=counted(4, 4, seq=3), seq=3)
    status = status_of(run.model_copy(update={"progress": all_done(run, 4)}), now=BEGIN + timedelta(days=1))
    assert (status.fraction, status.rate, status.seconds_left) == (1.0, 4.0, 0.0)
    assert {stage.fraction for stage in status.stages.values()} == {1.0}
    assert all_done(run, 4)["detector"].seq == 3
    assert all_done(run, 4)["grouper"] == Pieces(done=1, total=1, seq=4)


def test_event_ids_are_read_back_and_others_are_not() -> None:
    seen = Seen(run_id=RUN, seq=7)
    assert Seen.parse(str(seen)) == seen
    for text in (None, "", RUN, f"{RUN}-", f"{RUN}-x", f"{RUN}--1", f"{RUN.lower()}-1"):
        assert Seen.parse(text) is None


@given(st.lists(st.sampled_from(["detector", "embedder"]), max_size=8), st.integers(0, 8))
def test_a_reader_who_comes_back_at_any_point_knows_as_much_as_one_who_stayed(steps: list[str], left: int) -> None:
    """Applying the changes since any number to what was known then gives what there is now."""
    run = a_run()
    known: dict[str, Any] = {}
    seen: Seen | None = None
    for number, stage in enumerate(steps, start=1):
        if number == min(left, len(steps)):
            known, seen = apply(known, run, seen)
        further = {stage: Pieces(done=min(4, run.progress[stage].done + 1), total=4, seq=number)}
        run = run.model_copy(update={"progress": {**run.progress, **further}, "seq": number})
    known, seen = apply(known, run, seen)
    assert {stage: counts["done"] for stage, counts in known.items()} == {
        stage: pieces.done for stage, pieces in run.progress.items()
    }
    assert changes_since(run, seen)[0] == []


def apply(known: dict[str, Any], run: Run, seen: Seen | None) -> tuple[dict[str, Any], Seen]:
    changes, now_seen = changes_since(run, seen)
    for change in changes:
        known = known | change.data["stages"]
    return known, now_seen
