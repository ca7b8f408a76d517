from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.rows import CastLink
from services.identity.links.history import (
    LinkCommand,
    as_one_version,
    choose_redo,
    choose_undo,
    effective_links,
    peoples_part,
    replay,
    walked,
)
from services.identity.links.transitions import (
    Action,
    Dismissal,
    LinkRefused,
    LinkState,
    LinkTransition,
    dismiss_suggestion,
    link_identity_to_cast,
)
from tests.unit.identity.builders import make_link

ONE, TWO = "identity-00001", "identity-00002"
AT = "2024-05-01T10:00:00Z"
AUTOMATIC = (make_link(1, "ada"), make_link(2, "boris"))


class Book:
    """What a store keeps: people's decisions and the commands that made them."""

    def __init__(self, automatic: tuple[CastLink, ...] = ()) -> None:
        self.automatic = automatic
        self.decided = LinkState()
        self.commands: list[LinkCommand] = []

    @property
    def effective(self) -> LinkState:
        return effective_links(self.decided, self.automatic)

    @property
    def people(self) -> dict[str, str]:
        return {link.identity_id: link.cast_id for link in self.effective.links}

    def keep(self, action: Action, *steps: LinkTransition, target: int | None = None) -> None:
        state, changes = as_one_version(self.decided, steps)
        self.decided = peoples_part(state)
        self.commands.append(
            LinkCommand(
                version=state.version, command_id="c", action=action, who="me", at=AT, changes=changes, target=target
            )
        )

    def link(self, *pairs: tuple[str, str | None]) -> None:
        steps: list[LinkTransition] = []
        for identity, cast_id in pairs:
            state = steps[-1].state if steps else self.effective
            steps.append(
                link_identity_to_cast(
                    state,
                    identity_id=identity,
                    cast_id=cast_id,
                    by="operator",
                    who="me",
                    at=AT,
                    event_id="e",
                    expected_version=state.version,
                )
            )
        self.keep("link", *steps)

    def walk(self, action: Action, version: int | None = None) -> None:
        choose = choose_undo if action == "undo" else choose_redo
        command = choose(self.commands, version)
        steps = replay(self.decided, command, action=action, who="me", at=AT, event_id="e")
        self.keep(action, *steps, target=command.version)


def test_people_go_over_machines_and_dismissals_hide_automatic_links() -> None:
    book = Book(AUTOMATIC)
    assert book.people == {ONE: "ada", TWO: "boris"}
    book.link((ONE, "chloe"))
    assert book.people == {ONE: "chloe", TWO: "boris"}
    book.link((TWO, None))
    assert book.people == {ONE: "chloe"}
    assert {link.by for link in book.decided.links} == {"operator"}


def test_a_decision_taken_back_shows_what_the_machine_found_in_the_latest_run() -> None:
    book = Book(AUTOMATIC)
    book.link((ONE, None))
    book.automatic = (make_link(1, "dora"),)
    assert book.people == {ONE: "dora"}
    book.link((ONE, "ada"))
    book.walk("undo")
    book.walk("undo")
    assert book.people == {ONE: "dora"}
    assert book.decided.dismissed == ()


def test_several_links_of_one_command_are_one_version_and_one_undo() -> None:
    book = Book()
    book.link((ONE, "ada"), (TWO, "ada"))
    assert book.decided.version == 1
    assert {change.version for change in book.commands[0].changes} == {1}
    book.walk("undo")
    assert (book.people, book.decided.version) == ({}, 2)
    book.walk("redo")
    assert book.people == {ONE: "ada", TWO: "ada"}


def test_dismissing_somebody_is_undone_to_the_link_it_took_away() -> None:
    book = Book(AUTOMATIC)
    step = dismiss_suggestion(
        book.effective, identity_id=ONE, cast_id=None, who="me", at=AT, event_id="e", expected_version=0
    )
    book.keep("dismiss", step)
    assert book.people == {TWO: "boris"}
    book.walk("undo")
    assert book.people == {ONE: "ada", TWO: "boris"}


def test_a_new_command_ends_what_could_be_made_again() -> None:
    book = Book()
    book.link((ONE, "ada"))
    book.walk("undo")
    assert walked(book.commands).taken_back == (1,)
    book.link((TWO, "ada"))
    assert (walked(book.commands).in_force, walked(book.commands).taken_back) == ((3,), ())
    with pytest.raises(LinkRefused, match="no change to redo"):
        book.walk("redo")
    with pytest.raises(LinkRefused, match="Version 1"):
        book.walk("undo", 1)


def test_a_command_that_changes_nothing_is_none() -> None:
    with pytest.raises(ValueError, match="changes something"):
        as_one_version(LinkState(), [])


Edits = st.lists(
    st.tuples(st.sampled_from([ONE, TWO]), st.sampled_from(["ada", "boris", "chloe", None])), min_size=1, max_size=6
)


@given(Edits)
def test_walking_back_and_forth_visits_the_same_states(edits: list[tuple[str, str | None]]) -> None:
    book = Book(AUTOMATIC)
    seen = [(book.people, book.decided.dismissed)]
    for identity, cast_id in edits:
        if cast_id is None and book.effective.link_of(identity) is None:
            continue
        book.link((identity, cast_id))
        seen.append((book.people, book.decided.dismissed))
    for before in reversed(seen[:-1]):
        book.walk("undo")
        assert (book.people, book.decided.dismissed) == before
    assert walked(book.commands).in_force == ()
    for after in seen[1:]:
        book.walk("redo")
        assert (book.people, book.decided.dismissed) == after


def test_a_link_that_other_faces_bore_out_goes_with_them() -> None:
    cause, borne_out = make_link(1, "ada"), make_link(2, "ada").model_copy(update={"seen_as": (ONE,)})
    automatic = [cause, borne_out]
    assert len(effective_links(LinkState(), automatic).links) == 2
    overruled = LinkState(links=(make_link(1, "boris", by="operator"),))
    assert [link.identity_id for link in effective_links(overruled, automatic).links] == [ONE]
    dismissed = LinkState(dismissed=(Dismissal(identity_id=ONE, cast_id="ada"),))
    assert effective_links(dismissed, automatic).links == ()
    confirmed = LinkState(links=(make_link(1, "ada", by="operator"),))
    assert len(effective_links(confirmed, automatic).links) == 2
