from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.domain.intervals import total, union
from chassis.domain.visibility import VisibilityRules
from contracts.rows import (
    CastLink,
    CastScreenTime,
    Coverage,
    FaceRow,
    Identity,
    ScreenTimeDocument,
    ShotRow,
    TrackRow,
    UnidentifiedScreenTime,
)
from services.identity.exports.tables import to_csv_bytes
from services.identity.rules import IdentityThresholds
from services.identity.screentime.changes import describe_changes
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.reasons import NO_MATCH, TOO_SMALL, Reasons, always_too_small
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import EP, RUN, make_face, make_identity, make_link, make_shot, make_track

RULES = IdentityThresholds()

NAMES = {"ada": "Ada", "boris": "Boris"}


def compute(
    tracks: Sequence[TrackRow],
    identities: Sequence[Identity],
    links: Sequence[CastLink] = (),
    *,
    shots: Sequence[ShotRow] = (),
    duration_s: float = 60.0,
    previous: ScreenTimeDocument | None = None,
    revision: int = 1,
    names: dict[str, str] = NAMES,
    reasons: Reasons | None = None,
) -> ScreenTimeDocument:
    return compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=revision, duration_s=duration_s),
        Seen(tracks=tracks, shots=shots),
        Named(identities=identities, links=links, cast_names=names),
        previous=previous,
        reasons=reasons,
        rules=RULES.screen_time,
        visibility=VisibilityRules(),
    )


def test_a_cast_member_has_figures_from_all_their_identities() -> None:
    tracks = [make_track(1, 0, 2, size=0.2), make_track(2, 10, 14, size=0.5)]
    identities = [make_identity(1, tracks[0]), make_identity(2, tracks[1])]
    document = compute(tracks, identities, [make_link(1, "ada", 0.6), make_link(2, "ada", 0.9)])
    (ada,) = document.cast
    assert (ada.name, ada.visible_s, ada.share, ada.appearances) == ("Ada", 6.0, 0.1, 2)
    assert (ada.first_s, ada.last_s, ada.longest_s) == (0.0, 14.0, 4.0)
    assert ada.intervals_s == ((0.0, 2.0), (10.0, 14.0))
    assert ada.mean_face_size == pytest.approx((0.2 * 2 + 0.5 * 4) / 6, abs=1e-6)
    assert ada.confidence == pytest.approx((0.6 * 2 + 0.9 * 4) / 6, abs=1e-6)
    assert ada.identity_ids == ("identity-00001", "identity-00002")


def test_two_tracks_of_one_person_at_the_same_time_count_once_and_are_reported() -> None:
    tracks = [make_track(1, 0, 4), make_track(2, 2, 6)]
    document = compute(
        tracks, [make_identity(1, tracks[0]), make_identity(2, tracks[1])], [make_link(1, "ada"), make_link(2, "ada")]
    )
    assert document.cast[0].visible_s == 6.0
    assert document.warnings == (
        "Ada is in two places at once for 2.0 s, which count once: check who is linked to Ada.",
    )


def test_gaps_are_bridged_inside_a_shot_but_not_over_a_cut() -> None:
    tracks = [make_track(1, 0, 2), make_track(2, 2.9, 4), make_track(3, 4.5, 6)]
    shots = [make_shot(0, 0, 4.2, "start", "cut"), make_shot(1, 4.2, 10, "cut", "end")]
    document = compute(tracks, [make_identity(1, *tracks)], [make_link(1, "ada")], shots=shots)
    assert document.cast[0].intervals_s == ((0.0, 4.0), (4.5, 6.0))


def test_the_border_of_a_segment_is_no_cut_unless_the_shots_say_so() -> None:
    tracks = [make_track(1, 18, 19.8), make_track(1, 20.3, 22, segment=1)]
    person, link = make_identity(1, *tracks), make_link(1, "ada")
    going_on = [
        make_shot(0, 15, 20, "cut", "segment"),
        make_shot(0, 20, 25, "segment", "cut", segment=1),
    ]
    cut = [make_shot(0, 15, 20, "cut", "cut"), make_shot(0, 20, 25, "segment", "cut", segment=1)]
    assert compute(tracks, [person], [link], shots=going_on).cast[0].intervals_s == ((18.0, 22.0),)
    assert compute(tracks, [person], [link], shots=cut).cast[0].intervals_s == ((18.0, 19.8), (20.3, 22.0))


def test_nobody_disappears_without_a_name() -> None:
    tracks = [make_track(1, 0, 2), make_track(2, 3, 4, row=None)]
    document = compute(tracks, [make_identity(1, tracks[0]), make_identity(4, tracks[1], reason="Too blurry.")])
    assert {row.identity_id: (row.visible_s, row.reason) for row in document.unidentified} == {
        "identity-00001": (2.0, NO_MATCH),
        "identity-00004": (1.0, "Too blurry."),
    }
    assert document.coverage.any_face_s == 3.0
    assert document.warnings == ()


def test_the_reason_of_a_suggestion_is_shown_where_the_identity_has_none() -> None:
    track = make_track(1, 0, 2)
    document = compute(
        [track], [make_identity(1, track)], reasons=Reasons({"identity-00001": "Between Ada and Boris."})
    )
    assert document.unidentified[0].reason == "Between Ada and Boris."


def test_whose_face_is_always_too_small_is_said_to_be_so_and_stays_present() -> None:
    tracks = [make_track(number, 10 * number, 10 * number + 2) for number in (1, 2, 3, 4)]
    tracks = [row.model_copy(update={"present": ((row.start_s, row.end_s + 1),)}) for row in tracks]
    identities = [
        make_identity(1, tracks[0], reason="low_quality"),
        make_identity(2, tracks[1]),
        make_identity(3, tracks[2], reason="low_quality"),
        make_identity(4, tracks[3]),
    ]

    def face(number: int, size: float) -> FaceRow:
        return make_face(number, 10 * number, size=size).model_copy(update={"track_id": tracks[number - 1].track_id})

    faces = [face(1, 0.0), face(1, 0.03), face(2, 0.02), face(2, 0.1), face(3, 0.5)]
    small = always_too_small(identities, faces, least_size=0.04)
    assert small == {"identity-00001"}
    rows = {row.identity_id: row for row in compute(tracks, identities, reasons=Reasons({}, small)).unidentified}
    assert (rows["identity-00001"].reason, rows["identity-00001"].reason_code) == (TOO_SMALL, "too_small_to_recognise")
    assert rows["identity-00001"].present_s == 3.0
    assert [rows[f"identity-0000{number}"].reason_code for number in (2, 3, 4)] == [
        "nobody_similar",
        "poor_pictures",
        "nobody_similar",
    ]


def test_a_track_that_an_operator_dropped_counts_for_nobody_and_is_mentioned() -> None:
    tracks = [make_track(1, 0, 2), make_track(2, 5, 9)]
    document = compute(tracks, [make_identity(1, tracks[0])])
    assert [row.identity_id for row in document.unidentified] == ["identity-00001"]
    assert document.coverage.any_face_s == 2.0
    assert document.warnings == ("Dropped tracks count for nobody: 1 with 4.0 s.",)


def test_pairs_are_together_whether_they_have_a_name_or_not() -> None:
    tracks = [make_track(1, 0, 10), make_track(2, 4, 6), make_track(3, 5, 8), make_track(4, 20, 30)]
    identities = [make_identity(number, track) for number, track in enumerate(tracks, start=1)]
    document = compute(tracks, identities, [make_link(1, "ada"), make_link(2, "boris")])
    assert [(pair.a, pair.b, pair.seconds) for pair in document.co_appearance_s] == [
        ("ada", "identity-00003", 3.0),
        ("ada", "boris", 2.0),
        ("boris", "identity-00003", 1.0),
    ]


def test_cast_is_sorted_by_seconds_and_then_by_id() -> None:
    tracks = [make_track(1, 0, 2), make_track(2, 5, 7), make_track(3, 10, 15)]
    identities = [make_identity(number, track) for number, track in enumerate(tracks, start=1)]
    links = [make_link(1, "boris"), make_link(2, "ada"), make_link(3, "zoe")]
    document = compute(tracks, identities, links, names={**NAMES, "zoe": "Zoe"})
    assert [row.cast_id for row in document.cast] == ["zoe", "ada", "boris"]


def test_links_that_fit_nothing_are_reported() -> None:
    track = make_track(1, 0, 2)
    document = compute([track], [make_identity(1, track)], [make_link(1, "stranger"), make_link(9, "ada")])
    assert document.cast[0].name == "stranger"
    assert len(document.warnings) == 2
    assert "identity-00009 is linked to ada but does not exist." in document.warnings


def test_a_track_beyond_the_end_is_cut_off_there() -> None:
    track = make_track(1, 8, 12)
    document = compute([track], [make_identity(1, track)], [make_link(1, "ada")], duration_s=10.0)
    assert document.cast[0].intervals_s == ((8.0, 10.0),)
    assert document.coverage.nobody_s == 8.0


def test_a_revision_says_what_changed() -> None:
    tracks = [make_track(1, 0, 2), make_track(2, 10, 14)]
    identities = [make_identity(1, tracks[0]), make_identity(2, tracks[1])]
    first = compute(tracks, identities, [make_link(1, "ada")])
    second = compute(tracks, identities, [make_link(1, "ada"), make_link(2, "ada")], previous=first, revision=2)
    third = compute(tracks, identities, [make_link(2, "boris")], previous=second, revision=3)
    assert first.changes == ()
    assert second.changes == (
        "Ada: 2.000 s became 6.000 s (+4.000 s).",
        "identity-00002 counts for Ada now; it was unidentified.",
        "Unidentified people: 1 became 0.",
    )
    assert third.changes == (
        "Ada was removed (had 6.000 s).",
        "Boris was added with 4.000 s.",
        "identity-00001 is unidentified now; it counted for Ada.",
        "identity-00002 counts for Boris now; it counted for Ada.",
        "Unidentified people: 0 became 1.",
    )


def test_a_run_that_was_asked_for_says_why() -> None:
    track = make_track(1, 0, 2)
    first = compute([track], [make_identity(1, track)])
    again = first.model_copy(update={"run_id": "01JGFJJZ00ABCDEFGHJKMNPQRZ"})
    assert describe_changes(first, again) == ("The episode was analysed again.",)
    assert describe_changes(first, again, reason="Another embedder.") == (
        "The episode was analysed again: Another embedder.",
    )
    assert describe_changes(first, first, reason="Another embedder.") == (), "said once, by the run's first revision"


def test_a_name_that_operators_give_a_stranger_is_shown_and_its_change_is_said() -> None:
    def document(label: str | None) -> ScreenTimeDocument:
        stranger = UnidentifiedScreenTime(
            identity_id="identity-00005", visible_s=4.0, intervals_s=((0.0, 4.0),), tracks=1, reason="x", label=label
        )
        return ScreenTimeDocument(
            episode_id="my-show-s01e02",
            run_id="01JGFJJZ00ABCDEFGHJKMNPQRS",
            revision=1,
            duration_s=10.0,
            cast=(),
            unidentified=(stranger,),
            co_appearance_s=(),
            coverage=Coverage(any_face_s=4.0, nobody_s=6.0),
        )

    assert describe_changes(document(None), document("The waiter")) == ("identity-00005 is called The waiter now.",)
    assert describe_changes(document("The waiter"), document(None)) == ("identity-00005 has no name any more.",)
    assert "The waiter" in to_csv_bytes(document("The waiter")).decode()


def test_a_revision_without_a_difference_has_no_changes() -> None:
    track = make_track(1, 0, 2)
    first = compute([track], [make_identity(1, track)], [make_link(1, "ada")])
    again = compute([track], [make_identity(1, track)], [make_link(1, "ada")], previous=first, revision=2)
    assert again.changes == ()


def test_an_empty_episode_has_nobody_in_it() -> None:
    document = compute([], [], duration_s=12.5)
    assert (document.cast, document.unidentified, document.co_appearance_s) == ((), (), ())
    assert document.coverage.nobody_s == 12.5


times = st.floats(min_value=0, max_value=35, allow_nan=False)


@st.composite
def episodes(draw: st.DrawFn) -> tuple[list[TrackRow], list[Identity], list[CastLink], list[ShotRow]]:
    spans = draw(st.lists(st.tuples(times, st.floats(0.01, 8), st.integers(0, 4)), max_size=12))
    tracks = [make_track(number, start, start + length) for number, (start, length, _) in enumerate(spans)]
    owned: dict[int, list[TrackRow]] = {}
    for track, (_, _, owner) in zip(tracks, spans, strict=True):
        owned.setdefault(owner, []).append(track)
    identities = [make_identity(owner, *rows) for owner, rows in sorted(owned.items()) if owner < 4]
    links = [make_link(0, "ada"), make_link(1, "ada"), make_link(2, "boris")]
    cuts = sorted({0.0, 30.0, *draw(st.lists(st.floats(1, 29), max_size=4))})
    shots = [make_shot(number, start, end) for number, (start, end) in enumerate(pairwise(cuts))]
    return (
        tracks,
        identities,
        [link for link in links if any(link.identity_id == one.identity_id for one in identities)],
        shots,
    )


@given(episodes())
@settings(max_examples=80, deadline=None)
def test_the_books_balance(episode: tuple[list[TrackRow], list[Identity], list[CastLink], list[ShotRow]]) -> None:
    tracks, identities, links, shots = episode
    document = compute(tracks, identities, links, shots=shots, duration_s=30.0)
    everybody: list[CastScreenTime | UnidentifiedScreenTime] = [*document.cast, *document.unidentified]
    for row in everybody:
        assert row.visible_s == total(row.intervals_s) <= document.duration_s
        assert all(0 <= start < end <= document.duration_s for start, end in row.intervals_s)
    coverage = document.coverage
    assert coverage.any_face_s + coverage.nobody_s == pytest.approx(document.duration_s, abs=1e-9)
    assert coverage.any_face_s == total(union(*(row.intervals_s for row in everybody)))
    visible = {getattr(row, "cast_id", getattr(row, "identity_id", "")): row.visible_s for row in everybody}
    for pair in document.co_appearance_s:
        assert 0 < pair.seconds <= min(visible[pair.a], visible[pair.b])
    assert {key for row in document.cast for key in row.identity_ids} == {link.identity_id for link in links}


@given(episodes())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_input_does_not_matter(
    episode: tuple[list[TrackRow], list[Identity], list[CastLink], list[ShotRow]],
) -> None:
    tracks, identities, links, shots = episode
    forwards = compute(tracks, identities, links, shots=shots, duration_s=30.0)
    backwards = compute(tracks[::-1], identities[::-1], links[::-1], shots=shots[::-1], duration_s=30.0)
    assert forwards.model_dump_json() == backwards.model_dump_json()
