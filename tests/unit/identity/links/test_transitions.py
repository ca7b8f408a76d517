from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import StaleVersion
from contracts.rows import LinkedBy
from services.identity.links.transitions import (
    LinkRefused,
    LinkState,
    LinkTransition,
    dismiss_suggestion,
    link_identity_to_cast,
    restore_suggestion,
    undo_change,
)

ONE, TWO = "identity-00001", "identity-00002"
AT = "2024-05-01T10:00:00Z"


def link(
    state: LinkState,
    cast_id: str | None,
    *,
    identity: str = ONE,
    by: LinkedBy = "operator",
    version: int | None = None,
    locked: bool = False,
) -> LinkTransition:
    return link_identity_to_cast(
        state,
        identity_id=identity,
        cast_id=cast_id,
        by=by,
        who="operator@example.org",
        at=AT,
        event_id="event-1",
        expected_version=state.version if version is None else version,
        probability=0.9,
        margin=0.4,
        locked=locked,
    )


def dismiss(state: LinkState, cast_id: str | None, *, identity: str = ONE) -> LinkTransition:
    return dismiss_suggestion(
        state,
        identity_id=identity,
        cast_id=cast_id,
        who="operator@example.org",
        at=AT,
        event_id="event-2",
        expected_version=state.version,
    )


def restore(state: LinkState, cast_id: str | None) -> LinkTransition:
    return restore_suggestion(
        state, identity_id=ONE, cast_id=cast_id, who="me", at=AT, event_id="event-3", expected_version=state.version
    )


def undo(transition: LinkTransition, state: LinkState | None = None) -> LinkTransition:
    state = state or transition.state
    return undo_change(state, transition.change, who="me", at=AT, event_id="event-4", expected_version=state.version)


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(LinkRefused) as caught:
        action()
    assert caught.value.message.endswith(".")
    return caught.value.code


def test_a_link_is_a_new_version_with_an_audit_entry() -> None:
    before = LinkState()
    state, change = (transition := link(before, "ada")).state, transition.change
    assert before == LinkState()
    assert state.version == change.version == 1
    assert state.link_of(ONE) == change.after
    assert (change.action, change.who, change.at, change.before) == ("link", "operator@example.org", AT, None)
    assert change.after is not None
    assert (change.after.cast_id, change.after.by, change.after.probability) == ("ada", "operator", 0.9)


def test_an_edit_made_on_an_old_version_is_refused() -> None:
    state = link(LinkState(), "ada").state
    with pytest.raises(StaleVersion) as caught:
        link(state, "boris", version=0)
    assert (caught.value.code, caught.value.expected, caught.value.actual) == ("version_conflict", 0, 1)
    assert link(state, "boris", version=1).state.version == 2


def test_other_identities_keep_their_links() -> None:
    state = link(link(LinkState(), "ada", identity=TWO).state, "boris").state
    assert [(entry.identity_id, entry.cast_id) for entry in state.links] == [(ONE, "boris"), (TWO, "ada")]


def test_a_link_an_operator_took_away_does_not_come_back_by_itself() -> None:
    state = link(link(LinkState(), "ada", by="auto").state, None).state
    assert state.link_of(ONE) is None
    assert state.dismissed_pairs == {(ONE, "ada")}
    assert code_of(lambda: link(state, "ada", by="auto")) == "suggestion_dismissed"
    assert link(state, "boris", by="auto").state.link_of(ONE) is not None


def test_an_automatic_link_that_is_taken_back_automatically_is_no_dismissal() -> None:
    state = link(link(LinkState(), "ada", by="auto").state, None, by="auto").state
    assert (state.links, state.dismissed) == ((), ())


def test_an_operator_may_change_their_mind_about_a_dismissal() -> None:
    state = dismiss(LinkState(), "ada").state
    linked = link(state, "ada").state
    assert linked.link_of(ONE) is not None
    assert linked.dismissed == ()


def test_linking_somebody_else_keeps_other_dismissals() -> None:
    state = dismiss(dismiss(LinkState(), "ada").state, "boris").state
    assert link(state, "boris").state.dismissed_pairs == {(ONE, "ada")}


def test_a_machine_never_overrules_an_operator() -> None:
    state = link(LinkState(), "ada").state
    assert code_of(lambda: link(state, "boris", by="auto")) == "linked_by_operator"
    assert code_of(lambda: link(state, None, by="auto")) == "linked_by_operator"


def test_a_locked_identity_keeps_its_link() -> None:
    assert code_of(lambda: link(LinkState(), "ada", locked=True)) == "identity_locked"


def test_taking_away_what_is_not_there_is_refused() -> None:
    assert code_of(lambda: link(LinkState(), None)) == "nothing_to_change"


def test_a_dismissal_takes_an_automatic_link_away_but_not_an_operators() -> None:
    machine, person = link(LinkState(), "ada", by="auto").state, link(LinkState(), "ada").state
    assert dismiss(machine, "ada").state.link_of(ONE) is None
    assert dismiss(machine, None).state.link_of(ONE) is None
    assert dismiss(machine, "boris").state.link_of(ONE) is not None
    assert code_of(lambda: dismiss(person, "ada")) == "linked_by_operator"


def test_dismissing_everybody_refuses_every_automatic_link() -> None:
    state = dismiss(LinkState(), None).state
    assert code_of(lambda: link(state, "ada", by="auto")) == "suggestion_dismissed"


def test_a_dismissal_happens_once_and_can_be_lifted_once() -> None:
    state = dismiss(LinkState(), "ada").state
    assert code_of(lambda: dismiss(state, "ada")) == "nothing_to_change"
    lifted = restore(state, "ada").state
    assert lifted.dismissed == ()
    assert code_of(lambda: restore(lifted, "ada")) == "nothing_to_change"


def test_an_undo_brings_back_what_was_and_its_undo_is_the_redo() -> None:
    first = link(LinkState(), "ada", by="auto")
    second = link(first.state, "boris")
    undone = undo(second)
    assert undone.state.link_of(ONE) == first.change.after
    assert (undone.change.action, undone.change.undoes, undone.state.version) == ("undo", 2, 3)
    assert undo(undone).state.link_of(ONE) == second.change.after


def test_an_undo_also_brings_back_dismissals() -> None:
    dismissed = dismiss(LinkState(), "ada")
    linked = link(dismissed.state, "ada")
    assert undo(linked).state.dismissed_pairs == {(ONE, "ada")}


def test_an_undo_never_overwrites_a_later_change() -> None:
    first = link(LinkState(), "ada")
    later = link(first.state, "boris")
    assert code_of(lambda: undo(first, later.state)) == "change_superseded"
    elsewhere = link(first.state, "chloe", identity=TWO).state
    assert undo(first, elsewhere).state.link_of(TWO) is not None


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.sampled_from(["ada", "boris", None])), max_size=8))
def test_undoing_everything_backwards_leads_back_to_the_start(edits: list[tuple[str, str | None]]) -> None:
    state, made = LinkState(), []
    for identity, cast_id in edits:
        if cast_id is None and state.link_of(identity) is None:
            continue
        made.append(link(state, cast_id, identity=identity))
        state = made[-1].state
    for transition in reversed(made):
        state = undo(transition, state).state
    assert (state.links, state.dismissed) == ((), ())
    assert state.version == 2 * len(made)
