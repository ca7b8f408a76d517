"""Rows of tracks of made-up people, for benchmarks of what the grouper does with many."""

from __future__ import annotations

from contracts.ids import track_id
from contracts.rows import TrackRow


def made_up_track(
    row: int,
    *,
    segment: int,
    number: int,
    shot_id: str,
    start_s: float,
    lasts_s: float,
    left: float,
    quality: float,
    samples: int,
    spread: float,
    low_quality: bool = False,
) -> TrackRow:
    """The `number`-th track of a segment, of a face a fifth of the picture wide, embedded in row `row`."""
    box = (left, 0.2, left + 0.2, 0.6)
    return TrackRow(
        ep_id="show-s01e01",
        segment=segment,
        track_id=track_id(segment, number),
        shot_id=shot_id,
        start_s=start_s,
        end_s=start_s + lasts_s,
        first_frame=0,
        last_frame=17,
        first_bbox=box,
        last_bbox=box,
        detections=18,
        mean_conf=0.9,
        mean_size=0.4,
        quality=quality,
        embedding_row=row,
        model_id="made-up",
        samples=samples,
        spread=spread,
        low_quality=low_quality,
    )
