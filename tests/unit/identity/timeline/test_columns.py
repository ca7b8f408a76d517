"""Lanes are columns of one length that refer to each other by place."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.ids import identity_id
from services.identity.faces.track_parts import parts_of
from services.identity.links.transitions import LinkState
from services.identity.timeline.boxes import PARTS, index_boxes
from services.identity.timeline.columns import (
    NOBODY,
    cut_times,
    distances_to_centre,
    identity_columns,
    shot_columns,
    track_columns,
)
from tests.support.pictured import detect_tracks
from tests.unit.identity.builders import make_identity, make_link, make_shot, make_track, person_vector

SHOTS = [make_shot(0, 0.0, 10.0, "start", "segment"), make_shot(1, 10.0, 30.0, "segment", "cut")]


def test_every_column_of_a_table_has_one_length_and_places_lead_to_the_other_tables() -> None:
    first, second, dropped = make_track(1, 0.0, 5.0, row=0), make_track(2, 6.0, 9.0), make_track(3, 11.0, 12.0)
    people = [make_identity(7, second), make_identity(1, first)]
    found = track_columns(
        [first, second, dropped], people=people, shots=SHOTS, best_face={}, faces={}, distance={first.track_id: 0.25}
    )
    assert found.identity == (1, 0, NOBODY)
    assert found.shot == (0, 0, 0)
    assert found.distance == (0.25, None, None)
    assert {len(column) for column in dict(found).values()} == {3}


def test_a_border_of_segments_is_no_cut() -> None:
    assert cut_times(SHOTS) == (30_000,)
    assert shot_columns(SHOTS).end_ms == (10_000, 30_000)


def test_people_have_the_name_of_their_link_else_their_label() -> None:
    named = make_identity(1, make_track(1, 0.0, 5.0))
    labelled = make_identity(2, make_track(2, 0.0, 5.0)).model_copy(update={"label": "The waiter"})
    found = identity_columns(
        [named, labelled],
        visible={identity_id(1): ((1.5, 3.0),)},
        links=LinkState(links=(make_link(1, "ada", 0.9, "operator"),)),
        names={"ada": "Ada"},
    )
    assert (found.name, found.cast_id, found.linked_by) == (("Ada", "The waiter"), ("ada", None), ("operator", None))
    assert (found.visible_s, found.first_ms) == ((1.5, 0.0), (1500, None))


def test_distances_are_to_the_tracks_own_person() -> None:
    tracks = [make_track(1, 0, 1, row=0), make_track(2, 1, 2, row=1), make_track(3, 2, 3)]
    vectors = np.stack([person_vector(0), person_vector(1)])
    found = distances_to_centre(
        tracks, vectors, people=[make_identity(1, *tracks)], centre_of={identity_id(1): person_vector(0)}
    )
    assert found == {tracks[0].track_id: pytest.approx(0.0), tracks[1].track_id: pytest.approx(2**0.5)}


def test_boxes_of_a_stretch_are_in_order_of_time_and_belong_to_what_the_track_is_now() -> None:
    whole, other = make_track(1, 0.0, 4.0), make_track(2, 1.0, 3.0)
    index = index_boxes(detect_tracks([whole, other]))
    early = whole.model_copy(update={"track_id": f"{whole.track_id}001", "end_s": 2.0})
    late = whole.model_copy(update={"track_id": f"{whole.track_id}002", "start_s": 2.0})
    names, t_ms, owners, box, confidence = index.between(1.0, 2.5, parts_of([early, late], index.names))
    assert t_ms == sorted(t_ms) == [1000, 1000, 1500, 1500, 2000, 2000]
    assert [names[owner] if owner >= 0 else None for owner in owners[::2]] == [
        early.track_id,
        early.track_id,
        early.track_id,
    ]
    assert set(owners[1::2]) == {-1}, "the other track is nobody's now"
    assert box[:4] == [round(edge * PARTS) for edge in whole.first_bbox]
    assert confidence == [90] * 6


def test_a_track_with_a_long_number_is_no_part_of_a_short_one() -> None:
    thousandth = make_track(100, 0.0, 1.0).model_copy(update={"track_id": "track-00000-1000"})
    assert list(parts_of([thousandth], ["track-00000-100", "track-00000-1000"])) == ["track-00000-1000"]
