from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import identity_id
from services.identity.links.conflicts import find_clashes
from tests.unit.identity.builders import make_track


def test_only_long_overlaps_of_one_member_are_clashes() -> None:
    tracks = [make_track(1, 0, 10), make_track(2, 4, 6), make_track(3, 9.9, 12), make_track(4, 4, 6)]
    members = {identity_id(n): [track] for n, track in enumerate(tracks, 1)}
    cast_of = {identity_id(1): "ada", identity_id(2): "ada", identity_id(3): "ada", identity_id(4): "boris"}
    (clash,) = find_clashes(members, cast_of, simultaneous_s=0.25)
    assert (clash.cast_id, clash.identity_ids, clash.start_s, clash.end_s, clash.seconds) == (
        "ada",
        (identity_id(1), identity_id(2)),
        4,
        6,
        2,
    )


def test_two_tracks_of_one_identity_clash_too() -> None:
    members = {identity_id(1): [make_track(1, 0, 5), make_track(2, 3, 9)]}
    (clash,) = find_clashes(members, {identity_id(1): "ada"}, simultaneous_s=0.25)
    assert clash.identity_ids == (identity_id(1), identity_id(1))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 20)), max_size=12))
def test_the_sweep_finds_what_comparing_every_pair_finds(spans: list[tuple[int, int]]) -> None:
    tracks = [make_track(n, start, start + length) for n, (start, length) in enumerate(spans)]
    found = find_clashes({identity_id(1): tracks}, {identity_id(1): "ada"}, simultaneous_s=0.5)
    pairs = {
        frozenset((one.track_id, two.track_id))
        for number, one in enumerate(tracks)
        for two in tracks[number + 1 :]
        if min(one.end_s, two.end_s) - max(one.start_s, two.start_s) > 0.5
    }
    assert {frozenset(clash.track_ids) for clash in found} == pairs
    assert len(found) == len(pairs)
