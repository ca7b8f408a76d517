from __future__ import annotations

import pytest

from services.detector.shots.cuts import ShotFrame
from services.detector.shots.sampling import sample_frames
from services.detector.tracks.spans import track_span
from tests.unit.detector.clips import frames_of, scene

FRAMES = frames_of([scene(0)] * 50)


def sampled(cuts: set[int], rate: float | None, *, first: int = 0) -> list[tuple[int, int]]:
    entries = [ShotFrame(frame, number in cuts) for number, frame in enumerate(FRAMES)][first:]
    return [(round(sample.frame.ts_s * 25), sample.shot) for sample in sample_frames(entries, samples_per_s=rate)]


def test_first_frame_at_or_after_each_grid_time_is_taken() -> None:
    assert [number for number, _ in sampled(set(), 5.0)] == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 49]


def test_both_ends_of_every_shot_are_taken() -> None:
    assert sampled({8, 33}, 2.5) == [
        (0, 0),
        (7, 0),
        (8, 1),
        (10, 1),
        (20, 1),
        (30, 1),
        (32, 1),
        (33, 2),
        (40, 2),
        (49, 2),
    ]


def test_every_frame_is_taken_once_without_a_rate() -> None:
    assert [number for number, _ in sampled({8}, None)] == list(range(50))


def test_grid_does_not_depend_on_where_a_segment_begins() -> None:
    whole, part = sampled(set(), 5.0), sampled(set(), 5.0, first=12)
    assert part == [(12, 0), *[sample for sample in whole if sample[0] > 12]]


def test_shot_of_one_frame_is_one_sample() -> None:
    assert sampled({20, 21}, 1.0) == [(0, 0), (19, 0), (20, 1), (21, 2), (25, 2), (49, 2)]


SHOT = (10.0, 14.0)
SAMPLES = [10.0 + number / 8 for number in range(32)] + [13.96]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (10.0, 13.96, (10.0, 14.0)),
        (11.0, 12.0, (10.9375, 12.0625)),
        (10.125, 13.875, (10.0, 14.0)),
        (12.0, 12.0, (11.9375, 12.0625)),
    ],
)
def test_track_stands_for_its_samples_and_reaches_near_borders(
    first: float, last: float, expected: tuple[float, float]
) -> None:
    span = track_span(first, last, shot=SHOT, samples_s=SAMPLES, period_s=0.125, snap_s=0.125)
    assert span == pytest.approx(expected)


def test_held_picture_counts_until_the_next_one() -> None:
    span = track_span(11.0, 11.0, shot=SHOT, samples_s=[10.0, 11.0, 13.0, 13.5], period_s=0.125, snap_s=0.125)
    assert span == pytest.approx((10.9375, 12.9375))
