"""Overlap of boxes and of times."""

from __future__ import annotations

from contracts.rows import Box, TrackRow


def box_overlap(first: Box, second: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    united = _area(first) + _area(second) - shared
    return shared / united if united > 0 else 0.0


def time_overlap(first: TrackRow, second: TrackRow) -> float:
    """Seconds during which both tracks are on screen, 0 when never."""
    return max(0.0, min(first.end_s, second.end_s) - max(first.start_s, second.start_s))


def box_at(track: TrackRow, ts_s: float) -> Box:
    """Where the track's face is at a time, between its first and its last box."""
    duration = track.end_s - track.start_s
    part = min(1.0, max(0.0, (ts_s - track.start_s) / duration)) if duration > 0 else 0.0
    left, top, right, bottom = (
        start + part * (end - start) for start, end in zip(track.first_bbox, track.last_bbox, strict=True)
    )
    return (left, top, right, bottom)


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
