"""What is left of an episode's links and their history without one person.

The invariant: **forgetting is the same before and after a command**: to forget a person in a history and replay what is
left gives the links that the whole history gives, without that person. So undo and redo go on working.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chassis.domain.redaction import redact
from contracts.rows import CastLink
from services.identity.links.history import LinkRecord
from services.identity.links.transitions import Dismissal, LinkChange, LinkState


def forget_in_links(links: Iterable[CastLink], cast_id: str) -> tuple[CastLink, ...]:
    """Links without those to the person."""
    return tuple(link for link in links if link.cast_id != cast_id)


def forget_in_state(state: LinkState, cast_id: str) -> LinkState:
    """Links and dismissals without those of the person, at the same version."""
    return state.model_copy(
        update={"links": forget_in_links(state.links, cast_id), "dismissed": _others(state.dismissed, cast_id)}
    )


def forget_in_history(commands: Sequence[LinkRecord], cast_id: str, names: Iterable[str]) -> tuple[LinkRecord, ...]:
    """The history without what it says of the person; commands about nobody else go whole.

    `names` are taken out of what people wrote.
    """
    texts = tuple(names)
    left: list[LinkRecord] = []
    kept: set[int] = set()
    for command in commands:
        changes = tuple(after for change in command.changes if (after := _forget(change, cast_id)) is not None)
        if not changes or (command.target is not None and command.target not in kept):
            continue
        left.append(_without_texts(command, texts).model_copy(update={"changes": changes}))
        kept.add(command.version)
    return tuple(left)


def _without_texts(command: LinkRecord, texts: Sequence[str]) -> LinkRecord:
    why = None if command.why is None else redact(command.why, texts)
    skipped = tuple(one.model_copy(update={"reason": redact(one.reason, texts)}) for one in command.skipped)
    return command.model_copy(update={"why": why, "skipped": skipped})


def says_any_of(command: LinkRecord, texts: Sequence[str]) -> bool:
    """Whether what people wrote with a command, or what it told of others, has one of the names in it."""
    return _without_texts(command, texts) != command


def is_named_in(command: LinkRecord, cast_id: str) -> bool:
    """Whether a command says anything of the person."""
    return any(_mentions(change, cast_id) for change in command.changes)


def _mentions(change: LinkChange, cast_id: str) -> bool:
    links = [link for link in (change.before, change.after) if link is not None]
    dismissed = (*change.dismissed_before, *change.dismissed_after)
    return cast_id in {change.cast_id, *(one.cast_id for one in links), *(one.cast_id for one in dismissed)}


def _forget(change: LinkChange, cast_id: str) -> LinkChange | None:
    """A change without the person; None where nothing is left that it changes."""
    if not _mentions(change, cast_id):
        return change
    before, after = (
        None if link is None or link.cast_id == cast_id else link for link in (change.before, change.after)
    )
    dismissed = (_others(change.dismissed_before, cast_id), _others(change.dismissed_after, cast_id))
    if _decided(before) == _decided(after) and dismissed[0] == dismissed[1]:
        return None
    return change.model_copy(
        update={
            "before": before,
            "after": after,
            "cast_id": None if change.cast_id == cast_id else change.cast_id,
            "action": "unlink" if change.action == "link" and after is None else change.action,
            "dismissed_before": dismissed[0],
            "dismissed_after": dismissed[1],
        }
    )


def _decided(link: CastLink | None) -> CastLink | None:
    """A link that people made; the machine's are no part of their history."""
    return None if link is None or link.by == "auto" else link


def _others(dismissed: Iterable[Dismissal], cast_id: str) -> tuple[Dismissal, ...]:
    return tuple(entry for entry in dismissed if entry.cast_id != cast_id)
