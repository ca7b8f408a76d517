"""Links between identities and cast members as pure, versioned state transitions.

The invariant: every transition raises the version by one and returns what it changed, before and after, so that one
atomic write can carry state and audit together and any change can be taken back.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chassis.errors import Conflict, StaleVersion
from contracts.blobs import Contract
from contracts.ids import IdentityId, Slug
from contracts.rows import CastLink, LinkedBy

Action = Literal["link", "unlink", "dismiss", "restore", "extra", "settle", "references", "undo", "redo"]


class LinkRefused(Conflict):
    """A change of links that must not happen. Codes: `identity_locked`, `linked_by_operator`, `suggestion_dismissed`,
    `nothing_to_change`, `change_superseded`.
    """


class Dismissal(Contract):
    """A suggestion that is not to come back; `cast_id` None: no suggestion at all for this identity.

    `extra`: because it is a background performer, whom nobody will name; only where `cast_id` is None. With `question`
    it is that question of the review queue which is not to come back, and no suggestion.
    """

    identity_id: IdentityId
    cast_id: Slug | None = None
    extra: bool = False
    question: str | None = None


class LinkState(Contract):
    """All links and dismissals of one episode, each sorted by identity."""

    version: int = Field(default=0, ge=0)
    links: tuple[CastLink, ...] = ()
    dismissed: tuple[Dismissal, ...] = ()

    def link_of(self, identity_id: str) -> CastLink | None:
        return next((link for link in self.links if link.identity_id == identity_id), None)

    def dismissals_of(self, identity_id: str) -> tuple[Dismissal, ...]:
        return tuple(entry for entry in self.dismissed if entry.identity_id == identity_id)

    @property
    def dismissed_pairs(self) -> frozenset[tuple[str, str | None]]:
        return frozenset((entry.identity_id, entry.cast_id) for entry in self.dismissed if entry.question is None)

    @property
    def extras(self) -> frozenset[str]:
        """Identities that people said are background performers."""
        return frozenset(entry.identity_id for entry in self.dismissed if entry.extra)

    @property
    def settled(self) -> frozenset[str]:
        """Questions of the review queue that people answered with: it is right as it is."""
        return frozenset(entry.question for entry in self.dismissed if entry.question is not None)


class LinkChange(Contract):
    """The audit entry of one transition: who did what to one identity, and how it was before and after."""

    version: int = Field(ge=1, description="Version of the state this change made.")
    action: Action
    identity_id: IdentityId
    cast_id: Slug | None
    who: str
    at: str = Field(description="ISO 8601, UTC.")
    event_id: str
    before: CastLink | None
    after: CastLink | None
    dismissed_before: tuple[Dismissal, ...] = ()
    dismissed_after: tuple[Dismissal, ...] = ()
    undoes: int | None = Field(default=None, description="Version of the change that was taken back.")


class LinkTransition(Contract):
    """A new state and what led to it."""

    state: LinkState
    change: LinkChange


def link_identity_to_cast(
    state: LinkState,
    *,
    identity_id: str,
    cast_id: str | None,
    by: LinkedBy,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
    probability: float = 1.0,
    margin: float = 1.0,
    locked: bool = False,
) -> LinkTransition:
    """Says that an identity is a cast member, or (`cast_id` None) that it is not any more.

    An operator who takes a link away also dismisses that pair, so that it does not come back by itself; linking a
    dismissed pair by hand lifts the dismissal. `by="auto"` never touches what an operator decided.

    Raises StaleVersion when `expected_version` is not the state's, and LinkRefused: `identity_locked`,
    `linked_by_operator` and `suggestion_dismissed` (automatic links only), `nothing_to_change`.
    """
    _check_version(state, expected_version)
    before = state.link_of(identity_id)
    dismissed_before = state.dismissals_of(identity_id)
    if locked:
        raise LinkRefused("identity_locked", f"{identity_id} is locked: unlock it before changing who it is.")
    if by == "auto":
        _check_automatic(before, dismissed_before, cast_id)
    if before is None and cast_id is None:
        raise LinkRefused("nothing_to_change", f"{identity_id} has no link that could be taken away.")

    if cast_id is None:
        taken = before.cast_id if before is not None and by != "auto" else None
        after = None
        dismissed = _with(dismissed_before, identity_id, taken) if taken else dismissed_before
    else:
        after = CastLink(
            identity_id=identity_id,
            cast_id=cast_id,
            by=by,
            probability=probability,
            margin=margin,
            at=at,
            event_id=event_id,
        )
        dismissed = tuple(entry for entry in dismissed_before if not _speaks_against(entry, cast_id))
    return _transition(
        state,
        action="unlink" if cast_id is None else "link",
        identity_id=identity_id,
        cast_id=cast_id,
        link=after,
        dismissed=dismissed,
        who=who,
        at=at,
        event_id=event_id,
    )


def dismiss_suggestion(
    state: LinkState,
    *,
    identity_id: str,
    cast_id: str | None,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
) -> LinkTransition:
    """Never suggests that pair again (`cast_id` None: nobody for this identity). An automatic link of it is taken away.

    Raises StaleVersion, and LinkRefused: `linked_by_operator`, `nothing_to_change` when it is dismissed already.
    """
    _check_version(state, expected_version)
    before, dismissed = state.link_of(identity_id), state.dismissals_of(identity_id)
    if any(entry.cast_id == cast_id and entry.question is None for entry in dismissed):
        raise LinkRefused("nothing_to_change", "This suggestion is dismissed already.")
    concerned = before is not None and cast_id in (before.cast_id, None)
    if concerned and before is not None and before.by != "auto":
        raise LinkRefused("linked_by_operator", f"{identity_id} was linked by hand: take the link away instead.")
    return _transition(
        state,
        action="dismiss",
        identity_id=identity_id,
        cast_id=cast_id,
        link=None if concerned else before,
        dismissed=_with(dismissed, identity_id, cast_id),
        who=who,
        at=at,
        event_id=event_id,
    )


def mark_extra(
    state: LinkState,
    *,
    identity_id: str,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
) -> LinkTransition:
    """Says that an identity is a background performer: nobody is suggested for it, an automatic link is taken away.

    Raises StaleVersion, and LinkRefused: `linked_by_operator`, `nothing_to_change` when it is one already.
    """
    _check_version(state, expected_version)
    before, dismissed = state.link_of(identity_id), state.dismissals_of(identity_id)
    if identity_id in state.extras:
        raise LinkRefused("nothing_to_change", f"{identity_id} is an extra already.")
    if before is not None and before.by != "auto":
        raise LinkRefused("linked_by_operator", f"{identity_id} was linked by hand: take the link away instead.")
    return _transition(
        state,
        action="extra",
        identity_id=identity_id,
        cast_id=None,
        link=None,
        dismissed=_with(dismissed, identity_id, None, extra=True),
        who=who,
        at=at,
        event_id=event_id,
    )


def settle_question(
    state: LinkState,
    *,
    identity_id: str,
    question: str,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
) -> LinkTransition:
    """Says of a question of the review queue that all is right as it is: it does not come back.

    Raises StaleVersion, and LinkRefused `nothing_to_change` when it is settled already.
    """
    _check_version(state, expected_version)
    if question in state.settled:
        raise LinkRefused("nothing_to_change", "This question is settled already.")
    return _transition(
        state,
        action="settle",
        identity_id=identity_id,
        cast_id=None,
        link=state.link_of(identity_id),
        dismissed=_with(state.dismissals_of(identity_id), identity_id, None, question=question),
        who=who,
        at=at,
        event_id=event_id,
    )


def note_references(
    state: LinkState,
    *,
    identity_id: str,
    cast_id: str,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
) -> LinkTransition:
    """Notes that faces of an identity became reference pictures of whom it is linked to; the link stays as it is.

    Raises StaleVersion, and LinkRefused `not_linked`.
    """
    _check_version(state, expected_version)
    link = state.link_of(identity_id)
    if link is None or link.cast_id != cast_id:
        raise LinkRefused("not_linked", f"{identity_id} is not linked to {cast_id}: link them first.")
    return _transition(
        state,
        action="references",
        identity_id=identity_id,
        cast_id=cast_id,
        link=link,
        dismissed=state.dismissals_of(identity_id),
        who=who,
        at=at,
        event_id=event_id,
    )


def restore_suggestion(
    state: LinkState,
    *,
    identity_id: str,
    cast_id: str | None,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
) -> LinkTransition:
    """Lifts a dismissal. Raises StaleVersion, and LinkRefused `nothing_to_change` when there is none."""
    _check_version(state, expected_version)
    dismissed = state.dismissals_of(identity_id)
    left = tuple(entry for entry in dismissed if entry.cast_id != cast_id or entry.question is not None)
    if left == dismissed:
        raise LinkRefused("nothing_to_change", "This suggestion is not dismissed.")
    return _transition(
        state,
        action="restore",
        identity_id=identity_id,
        cast_id=cast_id,
        link=state.link_of(identity_id),
        dismissed=left,
        who=who,
        at=at,
        event_id=event_id,
    )


def undo_change(
    state: LinkState,
    change: LinkChange,
    *,
    who: str,
    at: str,
    event_id: str,
    expected_version: int,
    action: Action = "undo",
) -> LinkTransition:
    """Brings one identity back to how it was before `change`. Undoing an undo is the redo: say so with `action`.

    Raises StaleVersion, and LinkRefused `change_superseded` when the identity was changed again since.
    """
    _check_version(state, expected_version)
    now = (state.link_of(change.identity_id), state.dismissals_of(change.identity_id))
    if now != (change.after, change.dismissed_after):
        raise LinkRefused(
            "change_superseded", f"{change.identity_id} was changed again since: undo the later change first."
        )
    return _transition(
        state,
        action=action,
        identity_id=change.identity_id,
        cast_id=change.before.cast_id if change.before else None,
        link=change.before,
        dismissed=change.dismissed_before,
        who=who,
        at=at,
        event_id=event_id,
        undoes=change.version,
    )


def _check_version(state: LinkState, expected: int) -> None:
    if state.version != expected:
        raise StaleVersion("The links", expected=expected, actual=state.version)


def _check_automatic(before: CastLink | None, dismissed: tuple[Dismissal, ...], cast_id: str | None) -> None:
    if before is not None and before.by != "auto":
        raise LinkRefused("linked_by_operator", f"{before.identity_id} was linked by hand and stays so.")
    if cast_id is not None and any(_speaks_against(entry, cast_id) for entry in dismissed):
        raise LinkRefused("suggestion_dismissed", f"{dismissed[0].identity_id} was said not to be {cast_id}.")


def _speaks_against(entry: Dismissal, cast_id: str) -> bool:
    """Whether a dismissal keeps an identity from being linked to a cast member by machine."""
    return entry.question is None and entry.cast_id in (cast_id, None)


def _with(
    dismissed: tuple[Dismissal, ...],
    identity_id: str,
    cast_id: str | None,
    *,
    extra: bool = False,
    question: str | None = None,
) -> tuple[Dismissal, ...]:
    added = Dismissal(identity_id=identity_id, cast_id=cast_id, extra=extra, question=question)
    entries = {_order(entry): entry for entry in (*dismissed, added)}
    return tuple(entry for _, entry in sorted(entries.items()))


def _order(entry: Dismissal) -> tuple[str, str, str]:
    return entry.identity_id, entry.cast_id or "", entry.question or ""


def _transition(
    state: LinkState,
    *,
    action: Action,
    identity_id: str,
    cast_id: str | None,
    link: CastLink | None,
    dismissed: tuple[Dismissal, ...],
    who: str,
    at: str,
    event_id: str,
    undoes: int | None = None,
) -> LinkTransition:
    links = [entry for entry in state.links if entry.identity_id != identity_id] + ([link] if link else [])
    others = [entry for entry in state.dismissed if entry.identity_id != identity_id]
    after = LinkState(
        version=state.version + 1,
        links=tuple(sorted(links, key=lambda entry: entry.identity_id)),
        dismissed=tuple(sorted([*others, *dismissed], key=_order)),
    )
    change = LinkChange(
        version=after.version,
        action=action,
        identity_id=identity_id,
        cast_id=cast_id,
        who=who,
        at=at,
        event_id=event_id,
        before=state.link_of(identity_id),
        after=link,
        dismissed_before=state.dismissals_of(identity_id),
        dismissed_after=dismissed,
        undoes=undoes,
    )
    return LinkTransition(state=after, change=change)
