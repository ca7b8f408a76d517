"""Invented screen-time documents for the tests of the report and of the terminal's result table."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

from contracts.rows import (
    CastScreenTime,
    CoAppearance,
    Coverage,
    Interval,
    ScreenTimeDocument,
    ShotRow,
    TrackMetricsDocument,
    UnidentifiedScreenTime,
)

EP_ID = "harbour-lights-s02e05"
RUN_ID = "01JNDM3J7R5Z8Q2T4V6X8Y0A1B"
NAMES = ("Ada Marsh", "Boris Lind", "Chloé Okafor", "David Ruiz", "Emil Sørensen", "Fiona 山田", "Jack Tan")


def shot_rows(*, duration_s: float, count: int, seed: int = 1) -> list[ShotRow]:
    """Shots of random lengths that cover the whole duration; all borders are cuts."""
    rng = random.Random(seed)
    cuts = sorted(round(rng.uniform(0, duration_s), 3) for _ in range(count - 1))
    borders = [0.0, *cuts, duration_s]
    return [
        ShotRow(
            shot_id=f"shot-00000-{number:03d}",
            segment=0,
            start_s=start,
            end_s=end,
            starts_with="start" if number == 0 else "cut",
            ends_with="end" if number == count - 1 else "cut",
        )
        for number, (start, end) in enumerate(pairwise(borders))
    ]


def _appearances(shots: list[ShotRow], part: float, rng: random.Random) -> tuple[Interval, ...]:
    seen = [(shot.start_s, shot.end_s) for shot in shots if shot.end_s > shot.start_s and rng.random() < part]
    united: list[Interval] = []
    for start, end in seen:
        if united and united[-1][1] == start:
            united[-1] = (united[-1][0], end)
        else:
            united.append((start, end))
    return tuple(united)


def _shared(a: tuple[Interval, ...], b: tuple[Interval, ...]) -> float:
    total, i, j = 0.0, 0, 0
    while i < len(a) and j < len(b):
        total += max(0.0, min(a[i][1], b[j][1]) - max(a[i][0], b[j][0]))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return round(total, 3)


def _covered(people: list[tuple[Interval, ...]]) -> float:
    total, reached = 0.0, 0.0
    for start, end in sorted(interval for intervals in people for interval in intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return round(total, 3)


def _member(cast_id: str, name: str, intervals: tuple[Interval, ...], duration_s: float, number: int) -> CastScreenTime:
    visible_s = round(sum(end - start for start, end in intervals), 3)
    return CastScreenTime(
        cast_id=cast_id,
        name=name,
        visible_s=visible_s,
        share=visible_s / duration_s,
        appearances=len(intervals),
        first_s=intervals[0][0] if intervals else None,
        last_s=intervals[-1][1] if intervals else None,
        longest_s=max((end - start for start, end in intervals), default=0.0),
        mean_face_size=0.12 + 0.03 * (number % 7) if intervals else None,
        intervals_s=intervals,
        confidence=max(0.5, 0.99 - 0.06 * (number % 7)),
        identity_ids=(f"identity-{number:05d}",),
        representative=f"s3://bucket/thumbs.zip#{cast_id}.jpg",
    )


def screen_time(
    *,
    names: tuple[str, ...] = NAMES,
    unidentified: int = 3,
    shots: list[ShotRow] | None = None,
    duration_s: float = 300.0,
    seed: int = 7,
    warnings: tuple[str, ...] = (),
    changes: tuple[str, ...] = (),
    revision: int = 1,
) -> ScreenTimeDocument:
    """A document whose figures agree with its intervals: people appear in whole shots, the first ones most often."""
    rng = random.Random(seed)
    shots = shot_rows(duration_s=duration_s, count=60) if shots is None else shots
    cast = [
        _member(f"cast-{number}", name, _appearances(shots, max(0.05, 0.45 - 0.06 * number), rng), duration_s, number)
        for number, name in enumerate(names)
    ]
    cast.sort(key=lambda member: -member.visible_s)
    strangers = [
        UnidentifiedScreenTime(
            identity_id=f"identity-{100 + number:05d}",
            visible_s=round(sum(end - start for start, end in intervals), 3),
            intervals_s=intervals,
            tracks=max(1, len(intervals)),
            reason=("low_quality", "No cast member is close enough.", "faces_too_small")[number % 3],
            representative=f"s3://bucket/thumbs.zip#unknown-{number}.jpg",
        )
        for number, intervals in ((number, _appearances(shots, 0.05, rng)) for number in range(unidentified))
    ]
    pairs = [
        CoAppearance(a=a.cast_id, b=b.cast_id, seconds=seconds)
        for a, b in combinations(cast, 2)
        if (seconds := _shared(a.intervals_s, b.intervals_s)) > 0
    ]
    any_face_s = _covered([*(member.intervals_s for member in cast), *(stranger.intervals_s for stranger in strangers)])
    return ScreenTimeDocument(
        episode_id=EP_ID,
        run_id=RUN_ID,
        revision=revision,
        duration_s=duration_s,
        cast=tuple(cast),
        unidentified=tuple(strangers),
        co_appearance_s=tuple(pairs),
        coverage=Coverage(any_face_s=any_face_s, nobody_s=round(duration_s - any_face_s, 3)),
        warnings=warnings,
        changes=changes,
        models={"face_detector": "centerface-1", "face_embedder": "dlib-resnet-1"},
    )


def track_metrics(*, duration_s: float = 300.0) -> TrackMetricsDocument:
    return TrackMetricsDocument(
        ep_id=EP_ID,
        run_id=RUN_ID,
        duration_s=duration_s,
        tracks=188,
        tracks_per_minute=37.6,
        short_track_fraction=0.11,
        shots=60,
        faces_per_track=9.3,
        detections=4_312,
        analysed_frames=2_400,
        decoded_frames=7_500,
        rejections={"low_quality": 4, "pose": 2},
        stage_seconds={"detector": 58.2, "embedder": 9.1, "grouper": 0.8},
        stage_cpu_seconds={"detector": 96.0, "embedder": 15.0, "grouper": 0.8},
    )
