from __future__ import annotations

from collections.abc import Mapping, Sequence

from contracts.rows import ShotRow, TrackRow
from services.identity.rules import IdentityThresholds
from services.identity.suggestions.temporal import TemporalSuggestion, get_temporal_suggestions
from tests.unit.identity.builders import make_identity, make_shot, make_track

RULES = IdentityThresholds()

ELSEWHERE = (0.0, 0.2, 0.2, 0.5)
UNKNOWN = "identity-00009"


def suggest(
    unknown: TrackRow,
    *known: TrackRow,
    names: Mapping[int, str],
    shots: Sequence[ShotRow] = (),
    dismissed: frozenset[tuple[str, str | None]] = frozenset(),
) -> tuple[TemporalSuggestion, ...]:
    """`names` maps the position of a known track (from 1, its identity's number) to its cast member."""
    identities = [make_identity(number, track) for number, track in enumerate(known, start=1)]
    return get_temporal_suggestions(
        [*identities, make_identity(9, unknown)],
        tracks=[*known, unknown],
        shots=shots,
        cast_of={f"identity-{number:05d}": cast_id for number, cast_id in names.items()},
        identity_ids=[UNKNOWN],
        dismissed=dismissed,
        simultaneous_s=RULES.link.simultaneous_s,
        rules=RULES.temporal,
    )


def test_who_was_at_that_place_just_before_is_suggested() -> None:
    (found,) = suggest(make_track(9, 5, 6), make_track(1, 0, 4.5), names={1: "ada"})
    assert (found.identity_id, found.cast_id, found.same_shot, found.gap_s) == (UNKNOWN, "ada", True, 0.5)
    assert 0.5 < found.score <= 0.6


def test_who_comes_to_that_place_just_after_is_suggested_too() -> None:
    (found,) = suggest(make_track(9, 5, 6), make_track(1, 6.5, 8), names={1: "ada"})
    assert (found.cast_id, found.gap_s) == ("ada", 0.5)


def test_who_is_visible_at_the_same_moment_cannot_be_the_one() -> None:
    """Ada left this very place a moment ago, but she is seen elsewhere while the unknown is there."""
    before, elsewhere = make_track(1, 0, 4.5), make_track(2, 5, 6, box=ELSEWHERE)
    assert suggest(make_track(9, 5, 6), before, elsewhere, names={1: "ada", 2: "ada"}) == ()
    assert len(suggest(make_track(9, 5, 6), before, elsewhere, names={1: "ada", 2: "boris"})) == 1


def test_who_was_at_another_place_is_not_suggested() -> None:
    assert suggest(make_track(9, 5, 6), make_track(1, 0, 4.5, box=ELSEWHERE), names={1: "ada"}) == ()


def test_who_was_there_long_ago_is_not_suggested() -> None:
    assert suggest(make_track(9, 50, 52), make_track(1, 0, 4.5), names={1: "ada"}) == ()


def test_the_same_shot_says_more_than_another_one() -> None:
    other_shot, same_shot = make_track(1, 3, 4, shot=0), make_track(2, 6.5, 7.5, shot=1)
    found = suggest(make_track(9, 4.5, 6, shot=1), other_shot, same_shot, names={1: "ada", 2: "boris"})
    assert [(one.cast_id, one.same_shot) for one in found] == [("boris", True), ("ada", False)]


def test_a_shot_goes_on_over_the_border_of_a_segment() -> None:
    before, after = make_track(1, 17, 19.5), make_track(9, 20.5, 22, segment=1)
    shots = [make_shot(0, 15, 20, "cut", "segment"), make_shot(0, 20, 25, "segment", "end", segment=1)]
    (found,) = suggest(after, before, names={1: "ada"}, shots=shots)
    assert found.same_shot
    cut = [shots[0].model_copy(update={"ends_with": "cut"}), shots[1]]
    (found,) = suggest(after, before, names={1: "ada"}, shots=cut)
    assert not found.same_shot


def test_a_dismissed_suggestion_stays_dismissed() -> None:
    for dismissed in (frozenset({(UNKNOWN, "ada")}), frozenset({(UNKNOWN, None)})):
        found = suggest(make_track(9, 5, 6), make_track(1, 0, 4.5), names={1: "ada"}, dismissed=dismissed)
        assert found == ()


def test_people_without_a_name_are_no_suggestion() -> None:
    assert suggest(make_track(9, 5, 6), make_track(1, 0, 4.5), names={}) == ()
