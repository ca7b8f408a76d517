"""From segments to an episode: shots and tracks that go on behind a segment border are joined.

Works through the segments once and looks only at two neighbours at a time; a long episode costs no more per segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from contracts.rows import FaceRow, ShotRow, TrackRow
from contracts.warnings import Warning
from services.grouper.rules import JoiningRules
from services.grouper.tracks.geometry import box_overlap

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SegmentTracks:
    """What the grouper needs of a segment. `prototypes` [T, D]: row `embedding_row` belongs to a track."""

    segment: int
    start_s: float
    end_s: float
    cut_at_end: bool
    tracks: tuple[TrackRow, ...]
    shots: tuple[ShotRow, ...]
    prototypes: Floats


@dataclass(frozen=True)
class JoinedEpisode:
    """All tracks in order of time with their vectors (None without one) and the shots of the episode.

    `must_links` are pairs of track ids: a track and the one that continues it.
    """

    tracks: tuple[TrackRow, ...]
    vectors: tuple[Floats | None, ...]
    shots: tuple[ShotRow, ...]
    must_links: tuple[tuple[str, str], ...]
    problems: tuple[Warning, ...] = ()


@dataclass(frozen=True)
class _Embedded:
    track: TrackRow
    vector: Floats | None


def join_segments(segments: Iterable[SegmentTracks], rules: JoiningRules) -> JoinedEpisode:
    """Joins segments, which must come in order; a missing one is reported, and nothing is joined across the hole.

    Track ids stay; `TrackRow.continues` names the earlier part and `shot_id` the joined shot. Raises ValueError when
    the order is wrong or a track names a prototype that is not there.
    """
    embedded: list[_Embedded] = []
    shots: list[ShotRow] = []
    links: list[tuple[str, str]] = []
    problems: list[Warning] = []
    previous: SegmentTracks | None = None
    before_border: list[_Embedded] = []
    for segment in segments:
        goes_on = _goes_on(previous, segment, shots, problems)
        shot_ids = _append_shots(shots, segment, goes_on=goes_on)
        current = _tracks_of(segment, shot_ids)
        if goes_on and previous is not None:
            current, joined = _continue_tracks(before_border, current, previous.end_s, rules)
            links.extend(joined)
        embedded.extend(current)
        before_border, previous = current, segment
    embedded.sort(key=lambda item: (item.track.start_s, item.track.track_id))
    return JoinedEpisode(
        tracks=tuple(item.track for item in embedded),
        vectors=tuple(item.vector for item in embedded),
        shots=tuple(shots),
        must_links=tuple(links),
        problems=tuple(problems),
    )


def joined_again(
    tracks: Sequence[TrackRow], prototypes: Floats, shots: Sequence[ShotRow], problems: Sequence[Warning] = ()
) -> JoinedEpisode:
    """The joined episode from its rows; `prototypes` [M, D] holds the vectors that the rows name."""
    return JoinedEpisode(
        tracks=tuple(tracks),
        vectors=tuple(None if track.embedding_row is None else prototypes[track.embedding_row] for track in tracks),
        shots=tuple(shots),
        must_links=tuple((track.continues, track.track_id) for track in tracks if track.continues is not None),
        problems=tuple(problems),
    )


def shift_embedding_rows(faces: Sequence[FaceRow], offset: int) -> list[FaceRow]:
    """The faces of a segment with row numbers of the episode's `faces.npy`; `offset` is the rows before them."""
    return [
        face if face.embedding_row is None else face.model_copy(update={"embedding_row": face.embedding_row + offset})
        for face in faces
    ]


def _goes_on(
    previous: SegmentTracks | None, segment: SegmentTracks, shots: list[ShotRow], problems: list[Warning]
) -> bool:
    """Whether one shot reaches over the border between two segments."""
    if previous is None:
        return False
    if segment.segment <= previous.segment:
        raise ValueError(f"segment {segment.segment} came after segment {previous.segment}")
    if segment.segment != previous.segment + 1:
        sentence = f"segments {previous.segment + 1} to {segment.segment - 1} are missing"
        problems.append(Warning.of("segments_missing", sentence, start_s=previous.end_s, end_s=segment.start_s))
        return False
    ends_with_cut = previous.cut_at_end or not previous.shots or shots[-1].ends_with == "cut"
    starts_with_cut = not segment.shots or _by_time(segment.shots)[0].starts_with == "cut"
    return not ends_with_cut and not starts_with_cut


def _by_time(shots: Sequence[ShotRow]) -> list[ShotRow]:
    return sorted(shots, key=lambda shot: (shot.start_s, shot.shot_id))


def _append_shots(shots: list[ShotRow], segment: SegmentTracks, *, goes_on: bool) -> dict[str, str]:
    """Adds a segment's shots to the episode's; returns the id in the episode of each that got another."""
    own = _by_time(segment.shots)
    if not goes_on:
        shots.extend(own)
        return {}
    first = own[0]
    before = shots[-1]
    looks = None if before.looks is None or first.looks is None else before.looks + first.looks
    shots[-1] = before.model_copy(update={"end_s": first.end_s, "ends_with": first.ends_with, "looks": looks})
    shots.extend(own[1:])
    return {first.shot_id: shots[-len(own)].shot_id}


def _tracks_of(segment: SegmentTracks, shot_ids: dict[str, str]) -> list[_Embedded]:
    items: list[_Embedded] = []
    for track in sorted(segment.tracks, key=lambda track: (track.start_s, track.track_id)):
        row = track.embedding_row
        if row is not None and row >= len(segment.prototypes):
            raise ValueError(f"{track.track_id} names prototype {row} of {len(segment.prototypes)}")
        vector = None if row is None else np.asarray(segment.prototypes[row], dtype=np.float32)
        shot = shot_ids.get(track.shot_id, track.shot_id)
        items.append(_Embedded(track.model_copy(update={"shot_id": shot}), vector))
    return items


def _continue_tracks(
    before: Sequence[_Embedded], after: Sequence[_Embedded], border_s: float, rules: JoiningRules
) -> tuple[list[_Embedded], list[tuple[str, str]]]:
    """Pairs the tracks on the two sides of a border so that the boxes overlap most; each has one partner at most."""
    ending = [item for item in before if item.track.end_s >= border_s - rules.max_gap_s]
    positions = [index for index, item in enumerate(after) if item.track.start_s <= border_s + rules.max_gap_s]
    joined = list(after)
    links: list[tuple[str, str]] = []
    if not ending or not positions:
        return joined, links
    overlaps = np.array([[_continuation_overlap(item, after[index], rules) for index in positions] for item in ending])
    for row, column in zip(*linear_sum_assignment(-overlaps), strict=True):
        if overlaps[row, column] > 0:
            earlier, later = ending[row].track, after[positions[column]]
            links.append((earlier.track_id, later.track.track_id))
            continued = later.track.model_copy(update={"continues": earlier.track_id})
            joined[positions[column]] = _Embedded(continued, later.vector)
    return joined, links


def _continuation_overlap(first: _Embedded, second: _Embedded, rules: JoiningRules) -> float:
    """Overlap of the boxes when the second may continue the first, else 0."""
    if second.track.start_s - first.track.end_s > rules.max_gap_s or not _may_be_same(first, second, rules):
        return 0.0
    overlap = box_overlap(first.track.last_bbox, second.track.first_bbox)
    return overlap if overlap >= rules.min_overlap else 0.0


def _may_be_same(first: _Embedded, second: _Embedded, rules: JoiningRules) -> bool:
    """Vectors must agree where both can be compared; place and time decide where one is missing or poor."""
    if first.vector is None or second.vector is None or first.track.low_quality or second.track.low_quality:
        return True
    if first.track.model_id != second.track.model_id or first.vector.shape != second.vector.shape:
        return True
    return float(np.linalg.norm(first.vector - second.vector)) <= rules.limit
