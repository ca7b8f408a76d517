from __future__ import annotations

import numpy as np
import pytest

from contracts.rows import ShotRow, TrackRow
from contracts.warnings import sentences
from services.grouper.rules import JoiningRules
from services.grouper.tracks.joining import SegmentTracks, join_segments
from tests.unit.grouper.rows import LEFT, RIGHT, shot, track, vector_of

RULES = JoiningRules()


def _segment(
    number: int,
    tracks: list[TrackRow],
    people: list[int],
    *,
    shots: list[ShotRow] | None = None,
    cut_at_end: bool = False,
) -> SegmentTracks:
    start, end = 10.0 * number, 10.0 * (number + 1)
    rows = [one.model_copy(update={"embedding_row": index}) for index, one in enumerate(tracks[: len(people)])]
    return SegmentTracks(
        segment=number,
        start_s=start,
        end_s=end,
        cut_at_end=cut_at_end,
        tracks=tuple(rows + tracks[len(people) :]),
        shots=tuple(shots or [shot(1, start, end, "segment", "segment", segment=number)]),
        prototypes=np.stack([vector_of(person, number) for person in people])
        if people
        else np.zeros((0, 128), dtype=np.float32),
    )


def test_a_face_that_stays_over_the_border_is_one_chain() -> None:
    episode = join_segments(
        [
            _segment(0, [track(1, 5, 10)], [1]),
            _segment(1, [track(1, 10, 20, segment=1)], [1]),
            _segment(2, [track(1, 20, 25, segment=2)], [1]),
        ],
        RULES,
    )
    assert [one.continues for one in episode.tracks] == [None, "track-00000-001", "track-00001-001"]
    assert episode.must_links == (("track-00000-001", "track-00001-001"), ("track-00001-001", "track-00002-001"))


def test_two_faces_go_on_each_at_its_place() -> None:
    episode = join_segments(
        [
            _segment(0, [track(1, 5, 10, box=LEFT), track(2, 5, 10, box=RIGHT)], [1, 2]),
            _segment(1, [track(1, 10, 15, segment=1, box=RIGHT), track(2, 10, 15, segment=1, box=LEFT)], [2, 1]),
        ],
        RULES,
    )
    assert set(episode.must_links) == {("track-00000-001", "track-00001-002"), ("track-00000-002", "track-00001-001")}


@pytest.mark.parametrize(
    ("before", "after", "person"),
    [
        (track(1, 5, 10), track(1, 10, 15, segment=1, box=RIGHT), 1),
        (track(1, 5, 8), track(1, 10, 15, segment=1), 1),
        (track(1, 5, 10), track(1, 12, 15, segment=1), 1),
        (track(1, 5, 10), track(1, 10, 15, segment=1), 2),
    ],
    ids=["elsewhere", "ended before", "began later", "another face"],
)
def test_what_does_not_fit_is_not_joined(before: TrackRow, after: TrackRow, person: int) -> None:
    assert join_segments([_segment(0, [before], [1]), _segment(1, [after], [person])], RULES).must_links == ()


def test_place_and_time_join_a_face_that_cannot_be_compared() -> None:
    unknown = track(1, 10, 15, segment=1, embedded=False)
    episode = join_segments([_segment(0, [track(1, 5, 10)], [1]), _segment(1, [unknown], [])], RULES)
    assert episode.must_links == (("track-00000-001", "track-00001-001"),)
    assert episode.vectors[1] is None


def test_nothing_is_joined_over_a_cut() -> None:
    episode = join_segments(
        [_segment(0, [track(1, 5, 10)], [1], cut_at_end=True), _segment(1, [track(1, 10, 15, segment=1)], [1])], RULES
    )
    assert episode.must_links == ()
    assert len(episode.shots) == 2


def test_a_shot_over_several_segments_is_one_and_its_tracks_say_so() -> None:
    own_shots = [shot(1, 20, 23, "segment", "cut", segment=2), shot(2, 23, 30, "cut", "end", segment=2)]
    last = [track(1, 20, 22, segment=2, shot="shot-00002-001"), track(2, 24, 29, segment=2, shot="shot-00002-002")]
    episode = join_segments(
        [
            _segment(0, [], [], shots=[shot(1, 0, 4, "start", "cut"), shot(2, 4, 10, "cut", "segment")]),
            _segment(1, [track(1, 12, 14, segment=1, shot="shot-00001-001")], [1]),
            _segment(2, last, [1, 2], shots=own_shots),
        ],
        RULES,
    )
    assert [(one.shot_id, one.start_s, one.end_s, one.ends_with) for one in episode.shots] == [
        ("shot-00000-001", 0, 4, "cut"),
        ("shot-00000-002", 4, 23, "cut"),
        ("shot-00002-002", 23, 30, "end"),
    ]
    assert [one.shot_id for one in episode.tracks] == ["shot-00000-002", "shot-00000-002", "shot-00002-002"]


def test_a_missing_segment_is_reported_and_not_bridged() -> None:
    episode = join_segments(
        [_segment(0, [track(1, 5, 10)], [1]), _segment(2, [track(1, 10, 15, segment=2)], [1])], RULES
    )
    assert episode.must_links == ()
    assert sentences(episode.problems) == ("segments 1 to 1 are missing",)


def test_segments_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="came after"):
        join_segments([_segment(1, [], []), _segment(0, [], [])], RULES)


def test_an_empty_episode_has_nothing() -> None:
    episode = join_segments([], RULES)
    assert (episode.tracks, episode.shots, episode.must_links) == ((), (), ())
