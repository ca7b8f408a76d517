from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity.links.history import (
    LinkRecord,
    Skipped,
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
    LinkRefused,
    LinkState,
    LinkTransition,
    dismiss_suggestion,
    link_identity_to_cast,
    restore_suggestion,
)
from services.identity.privacy.forget_links import (
    forget_in_history,
    forget_in_links,
    forget_in_state,
    is_named_in,
    says_any_of,
)
from tests.unit.identity.builders import make_link

RITA, OTHERS = "rita", ("greta", "ben")
AUTOMATIC = (make_link(1, RITA), make_link(2, "greta"))
STAMP = {"who": "me", "at": "2026-01-01T00:00:00Z", "event_id": "e"}

Step = tuple[str, int, str | None]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["link", "unlink", "dismiss", "restore", "undo", "redo"]),
        st.integers(1, 4),
        st.sampled_from([RITA, *OTHERS]),
    ),
    max_size=30,
)


class Book:
    """What the store keeps of an episode, and commands as operators give them."""

    def __init__(self) -> None:
        self.decided = LinkState()
        self.commands: list[LinkRecord] = []

    def take(self, action: Action, number: int, cast_id: str) -> None:
        """One command; one that is refused changes nothing."""
        identity = f"identity-{number:05d}"
        effective = effective_links(self.decided, AUTOMATIC)
        target: int | None = None
        try:
            if action in {"undo", "redo"}:
                choose = choose_undo if action == "undo" else choose_redo
                command = choose(self.commands)
                target = command.version
                steps: tuple[LinkTransition, ...] = replay(self.decided, command, action=action, **STAMP)
            elif action in {"link", "unlink"}:
                step = link_identity_to_cast(
                    effective,
                    identity_id=identity,
                    cast_id=cast_id if action == "link" else None,
                    by="operator",
                    expected_version=effective.version,
                    **STAMP,
                )
                steps = (step,)
            else:
                decide = dismiss_suggestion if action == "dismiss" else restore_suggestion
                steps = (
                    decide(
                        effective, identity_id=identity, cast_id=cast_id, expected_version=effective.version, **STAMP
                    ),
                )
        except LinkRefused:
            return
        state, changes = as_one_version(self.decided, steps)
        self.decided = peoples_part(state)
        self.commands.append(
            LinkRecord(
                version=state.version,
                command_id=f"c{state.version}",
                action=action,
                who="me",
                at=STAMP["at"],
                why="Rita Marsh?",
                changes=changes,
                target=target,
                fingerprint="f",
                skipped=(Skipped(identity_id=identity, code="simultaneous", reason="It looks like rita, Rita Marsh."),),
            )
        )


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_what_is_left_names_nobody_and_still_leads_to_the_links_that_are_left(steps: list[Step]) -> None:
    book = Book()
    for action, number, cast_id in steps:
        book.take(action, number, cast_id)  # type: ignore[arg-type]
    left = forget_in_history(book.commands, RITA, ["Rita Marsh", RITA])
    state = forget_in_state(book.decided, RITA)
    assert RITA not in "".join(command.model_dump_json() for command in left) + state.model_dump_json()
    assert "Rita" not in "".join(command.why or "" for command in left)
    assert not any(is_named_in(command, RITA) or says_any_of(command, ["Rita Marsh", RITA]) for command in left)
    last: dict[str, tuple[str | None, frozenset[str | None]]] = {}
    for command in left:
        for change in command.changes:
            dismissed = frozenset(entry.cast_id for entry in change.dismissed_after)
            after = change.after if change.after is not None and change.after.by != "auto" else None
            last[change.identity_id] = (after.cast_id if after else None, dismissed)
    for number in range(1, 5):
        identity = f"identity-{number:05d}"
        link = state.link_of(identity)
        now = (link.cast_id if link else None, frozenset(one.cast_id for one in state.dismissals_of(identity)))
        assert last.get(identity, (None, frozenset())) == now


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_everything_that_is_left_can_be_undone_and_redone(steps: list[Step]) -> None:
    book = Book()
    for action, number, cast_id in steps:
        book.take(action, number, cast_id)  # type: ignore[arg-type]
    book.commands = list(forget_in_history(book.commands, RITA, ["Rita Marsh"]))
    book.decided = forget_in_state(book.decided, RITA).model_copy(update={"version": book.decided.version + 1})
    before = (book.decided.links, book.decided.dismissed)
    count, taken_back = len(walked(book.commands).in_force), len(walked(book.commands).taken_back)
    assert taken_back <= len(book.commands)
    for _ in range(count):
        book.take("undo", 1, "")
    assert (book.decided.links, book.decided.dismissed) == ((), ())
    for _ in range(count):
        book.take("redo", 1, "")
    assert (book.decided.links, book.decided.dismissed) == before


def test_the_machines_links_to_the_person_go_too() -> None:
    assert [link.cast_id for link in forget_in_links(AUTOMATIC, RITA)] == ["greta"]
