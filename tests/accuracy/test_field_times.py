"""Seconds in the field's files whose clocks are wrong, joined or full of holes: right to a twentieth of a second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.scoring import score
from benchmarks.truth import Truth
from tests.accuracy.in_process import Models, process

FIELD = Path(__file__).resolve().parents[3] / "shared" / "media" / "field"

pytestmark = [pytest.mark.accuracy, pytest.mark.skipif(not FIELD.is_dir(), reason="no ../shared/media/field")]

FPS = 25.0
Seconds = dict[str, tuple[tuple[float, float], ...]]


def labelled(name: str) -> Seconds:
    known = json.loads((FIELD / f"{name}.truth.json").read_text(encoding="utf-8"))["intervals_s"]
    return {person: tuple((start, end) for start, end in spans) for person, spans in known.items()}


def with_hole(seconds: Seconds, at_s: float, lasting_s: float) -> Seconds:
    """The labels where nothing is shown for a while."""

    def spans(start: float, end: float) -> list[tuple[float, float]]:
        if end <= at_s:
            return [(start, end)]
        if start >= at_s:
            return [(start + lasting_s, end + lasting_s)]
        return [(start, at_s), (at_s + lasting_s, end + lasting_s)]

    return {person: tuple(part for span in known for part in spans(*span)) for person, known in seconds.items()}


CASES: dict[str, tuple[float, float | None, float]] = {
    "cat-restart.ts": (16.0, None, 0.0),
    "gap100.ts": (107.92, 4.0, 99.92),
    "live-gap.webm": (48.0, 4.0, 40.0),
    "cover-as-track.mp4": (8.0, None, 0.0),
    "clock-20h.mkv": (8.0, None, 0.0),
    "avi-h264-b.avi": (8.0, None, 0.0),
    "avi-noindex.avi": (8.0, None, 0.0),
    "video-later.mp4": (8.0, None, 0.0),
}
"""File -> how long it is, where a hole is, how long that is."""


@pytest.mark.parametrize("segment_s", [20.0, 2.0])
@pytest.mark.parametrize("name", sorted(CASES))
async def test_everybody_has_their_seconds(name: str, segment_s: float, models: Models) -> None:
    if segment_s < 20 and name not in {"cat-restart.ts", "gap100.ts", "avi-noindex.avi"}:
        pytest.skip("borders in the middle are tested on three of them")
    duration_s, hole_at_s, hole_s = CASES[name]
    seconds = labelled("twice" if name == "cat-restart.ts" else "eight-seconds")
    if hole_at_s is not None:
        seconds = with_hole(seconds, hole_at_s, hole_s)
    truth = Truth(name=name, fps=FPS, duration_s=duration_s, intervals=seconds)
    scored = score(truth, await process(FIELD / name, models, segment_s=segment_s))
    assert {person.name for person in scored.people} == {"ada", "boris", "chloe", "david"}
    assert [person for person in scored.people if abs(person.error_s) > 0.05] == []
