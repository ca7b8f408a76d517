"""How much a picture is about somebody: size, place, sharpness, and whether others stand in front.

What archivists ask for are the participants, not the crowd behind them. Prominence says it in a number for every
appearance and every person; nobody is left out by it, it only lets a reader choose.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chassis.domain.intervals import Intervals, difference
from contracts.rows import Appearance, Box, Interval, TrackRow
from services.identity.rules import ProminenceRules

DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Prominence:
    """One track's prominence and its parts, each in 0..1 (`face_size` is a fraction of the picture's height)."""

    score: float
    face_size: float
    area: float
    centrality: float
    sharpness: float
    foreground: float


@dataclass(frozen=True, kw_only=True)
class PersonProminence:
    """A person's prominence 0..1, whether they take part, and their appearances."""

    score: float
    participant: bool
    shown: tuple[Appearance, ...]


def track_prominences(tracks: Sequence[TrackRow], rules: ProminenceRules) -> dict[str, Prominence]:
    """Track id -> its prominence among all tracks of the episode, which decide who stands in front."""
    foreground = _foreground(tracks)
    return {track.track_id: _prominence(track, foreground[track.track_id], rules) for track in tracks}


def person_prominence(
    tracks: Sequence[TrackRow],
    intervals: Intervals,
    prominences: Mapping[str, Prominence],
    rules: ProminenceRules,
) -> PersonProminence:
    """One person's prominence from the tracks that show them.

    It is that of their `full_s` most prominent seconds, and who is seen for less has less. So a close-up of two seconds
    makes a participant, wide shots before and after it take nothing away, and a glimpse is a glimpse.
    """
    left_s, weighed = rules.full_s, 0.0
    taken: list[Interval] = []
    for track in sorted(tracks, key=lambda row: (-prominences[row.track_id].score, row.start_s, row.track_id)):
        fresh = difference([(track.start_s, track.end_s)], taken)
        seconds = min(left_s, math.fsum(end - start for start, end in fresh))
        weighed += seconds * prominences[track.track_id].score
        left_s -= seconds
        taken += fresh
        if left_s <= 0:
            break
    score = round(weighed / rules.full_s, DIGITS)
    return PersonProminence(
        score=score,
        participant=score >= rules.participant,
        shown=tuple(_appearance(start, end, tracks, prominences) for start, end in intervals),
    )


def _prominence(track: TrackRow, foreground: float, rules: ProminenceRules) -> Prominence:
    size = _ramp(track.mean_size, rules.face_size)
    boxes = (track.first_bbox, track.last_bbox)
    area = track.mean_area if track.mean_area is not None else _mean(_area(box) for box in boxes)
    centrality = track.centrality if track.centrality is not None else _mean(_centrality(box) for box in boxes)
    sharpness = track.sharpness if track.sharpness is not None else track.quality
    parts = (_ramp(foreground, rules.foreground), centrality, sharpness)
    rest = math.fsum(weight * part for weight, part in zip(rules.weights, parts, strict=True))
    base = 1.0 - math.fsum(rules.weights)
    return Prominence(
        score=round(math.sqrt(size) * (base + rest), DIGITS),
        face_size=round(track.mean_size, DIGITS),
        area=round(area, 6),
        centrality=round(centrality, DIGITS),
        sharpness=round(sharpness, DIGITS),
        foreground=round(foreground, DIGITS),
    )


def _foreground(tracks: Sequence[TrackRow]) -> dict[str, float]:
    """Track id -> its face height over that of the largest face in the picture, mean over its time; 1 where alone."""
    ordered = sorted(tracks, key=lambda track: (track.start_s, track.track_id))
    larger: dict[str, list[tuple[float, float, float]]] = {track.track_id: [] for track in tracks}
    there: list[TrackRow] = []
    for track in ordered:
        there = [other for other in there if other.end_s > track.start_s]
        for other in there:
            small, large = sorted((track, other), key=lambda row: row.mean_size)
            if large.mean_size > small.mean_size:
                end = min(track.end_s, other.end_s)
                larger[small.track_id].append((large.mean_size, track.start_s, end))
        there.append(track)
    return {track.track_id: _share_of_largest(track, larger[track.track_id]) for track in tracks}


def _share_of_largest(track: TrackRow, larger: Iterable[tuple[float, float, float]]) -> float:
    """`larger`: heights of larger faces, and when they are there at the same time as the track."""
    length = track.end_s - track.start_s
    if length <= 0:
        return 1.0
    taken: Intervals = ()
    weighed = 0.0
    for height, start, end in sorted(larger, reverse=True):
        fresh = difference([(start, end)], taken)
        weighed += math.fsum(stop - begin for begin, stop in fresh) * track.mean_size / height
        taken = (*taken, *fresh)
    alone = length - math.fsum(end - start for start, end in taken)
    return min(1.0, max(0.0, (weighed + alone) / length))


def _appearance(
    start: float, end: float, tracks: Iterable[TrackRow], prominences: Mapping[str, Prominence]
) -> Appearance:
    """An interval with the means of the tracks that show it, each by its seconds."""
    parts = [
        (prominences[track.track_id], max(1e-6, min(end, track.end_s) - max(start, track.start_s)))
        for track in tracks
        if track.end_s > start and track.start_s < end
    ]

    def mean(name: str) -> float:
        weight = math.fsum(seconds for _, seconds in parts)
        value = math.fsum(float(getattr(part, name)) * seconds for part, seconds in parts) / weight if parts else 0.0
        return round(value, 6 if name == "area" else DIGITS)

    return Appearance(
        start_s=start,
        end_s=end,
        prominence=mean("score"),
        face_size=mean("face_size"),
        area=mean("area"),
        centrality=mean("centrality"),
        sharpness=mean("sharpness"),
        foreground=mean("foreground"),
    )


def _ramp(value: float, bounds: tuple[float, float]) -> float:
    low, high = bounds
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return math.fsum(found) / len(found)


def _area(box: Box) -> float:
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in box)
    return max(0.0, right - left) * max(0.0, bottom - top)


def _centrality(box: Box) -> float:
    return max(0.0, 1.0 - math.hypot(box[0] + box[2] - 1, box[1] + box[3] - 1) / math.sqrt(2))
