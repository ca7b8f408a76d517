from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import identity_id
from services.identity.links.transitions import Dismissal, LinkState
from services.identity.suggestions.identities import CastMatch, CastSuggestions
from services.identity.suggestions.review_queue import UNKNOWN_BITS, doubt_bits, review_queue
from tests.unit.identity.builders import make_link


def suggestion(number: int, best: float, runner_up: float = 0.0) -> CastSuggestions:
    match = CastMatch("ada", best, 0.3)
    return CastSuggestions(identity_id(number), (match,), best - runner_up)


def nobody(number: int) -> CastSuggestions:
    return CastSuggestions(identity_id(number), (), 0.0, "Nobody.")


def order(*suggestions: CastSuggestions, seconds: float = 10.0, state: LinkState | None = None) -> list[str]:
    visible = {item.identity_id: seconds for item in suggestions}
    return [item.identity_id for item in review_queue(suggestions, visible_s=visible, state=state or LinkState())]


def test_an_even_chance_teaches_more_than_a_sure_thing() -> None:
    assert order(suggestion(1, 0.97), suggestion(2, 0.5)) == [identity_id(2), identity_id(1)]


def test_two_equally_likely_members_are_doubt_although_each_is_likely() -> None:
    assert doubt_bits(suggestion(1, 0.9, 0.9)) > 1.0 > doubt_bits(suggestion(1, 0.9, 0.01))


def test_somebody_unknown_still_teaches_a_name() -> None:
    assert doubt_bits(nobody(1)) == UNKNOWN_BITS
    assert order(suggestion(1, 0.999), nobody(2)) == [identity_id(2), identity_id(1)]


def test_seconds_weigh_as_much_as_doubt() -> None:
    queue = review_queue(
        [suggestion(1, 0.5), suggestion(2, 0.8)],
        visible_s={identity_id(1): 1.0, identity_id(2): 30.0},
        state=LinkState(),
    )
    assert [item.identity_id for item in queue] == [identity_id(2), identity_id(1)]


def test_what_is_decided_is_not_asked_again() -> None:
    state = LinkState(
        links=(make_link(1, "ada", by="operator"), make_link(2, "ada")),
        dismissed=(Dismissal(identity_id=identity_id(3)), Dismissal(identity_id=identity_id(4), cast_id="boris")),
    )
    found = order(*(suggestion(number, 0.5) for number in range(1, 5)), state=state)
    assert found == [identity_id(2), identity_id(4)]
    locked = review_queue([suggestion(1, 0.5)], visible_s={}, state=LinkState(), locked=frozenset({identity_id(1)}))
    assert locked == ()


@given(st.floats(0, 1), st.floats(0, 1))
def test_doubt_is_never_negative_nor_more_than_two_questions(best: float, share: float) -> None:
    assert 0.0 <= doubt_bits(suggestion(1, best, best * share)) <= 2.0
