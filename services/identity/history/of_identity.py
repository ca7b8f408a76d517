"""The logs that this service keeps, links and sign-offs, as steps of the one history. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from services.identity.history.steps import HistoryStep
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import LinkRecord, walked
from services.identity.links.transitions import LinkChange
from services.identity.signoff.log import SignOffRecord, SignOffs

MOST_NAMED = 3
"""People whom a sentence names one by one; of more it tells the number."""


def link_steps(episode: EpisodeLinks, names: Mapping[str, str]) -> list[HistoryStep]:
    """The history of links, the latest first. `names`: cast id -> name."""
    in_force = set(walked(episode.commands).in_force)
    made = {command.version: command for command in episode.commands}
    return [_link_step(command, made, in_force, names) for command in reversed(episode.commands)]


def _link_step(
    command: LinkRecord, made: Mapping[int, LinkRecord], in_force: set[int], names: Mapping[str, str]
) -> HistoryStep:
    version = command.version if command.target is None else command.target
    decided = made.get(version, command)
    return HistoryStep(
        step=f"links:{version}",
        source="links",
        version=command.version,
        action="do" if command.target is None else "undo" if command.action == "undo" else "redo",
        kind=decided.action,
        who=command.who,
        at=command.at,
        why=command.why,
        sentence=link_sentence(decided, names),
        active=version in in_force,
        identity_ids=tuple(dict.fromkeys(change.identity_id for change in command.changes)),
        command_id=command.command_id,
    )


def link_sentence(command: LinkRecord, names: Mapping[str, str]) -> str:
    """What a command on links decided, in a few words, with the ids of whom it is about."""
    ids = list(dict.fromkeys(change.identity_id for change in command.changes))
    who = ", ".join(ids) if len(ids) <= MOST_NAMED else f"{len(ids)} people"
    cast = {_about(change) for change in command.changes}
    name = _named(next(iter(cast)), names) if len(cast) == 1 else "their suggestions"
    verb = "is" if len(ids) == 1 else "are"
    match command.action:
        case "link":
            return f"{who} {verb} {name}{', new in the cast' if command.new_member else ''}"
        case "unlink":
            return f"{who} {verb} not {name if len(cast) == 1 else 'whom they were linked to'}"
        case "dismiss":
            return f"no suggestion of {name} for {who}" if cast != {None} else f"no suggestion for {who}"
        case "restore":
            return f"suggestions for {who} again"
        case "extra":
            return f"{who} {verb} {'an extra' if len(ids) == 1 else 'extras'}"
        case "references":
            return f"{len(command.references)} faces of {who} as pictures of {name}"
        case "settle":
            return f"question about {who} settled: right as it is"
        case _:
            return f"change of {who}"


def _about(change: LinkChange) -> str | None:
    """The cast member whom a change says somebody is, or (`unlink`) is not any more."""
    return change.before.cast_id if change.action == "unlink" and change.before else change.cast_id


def _named(cast_id: str | None, names: Mapping[str, str]) -> str:
    """A name, never an id: who was removed from the cast has none any more."""
    return "nobody" if cast_id is None else names.get(cast_id, "somebody who is no longer in the cast")


def sign_off_steps(sign_offs: SignOffs) -> list[HistoryStep]:
    """The log of sign-offs, the latest first."""
    in_force = set(sign_offs.history.in_force)
    made = {entry.version: entry for entry in sign_offs.log}
    return [_sign_off_step(entry, made, in_force) for entry in reversed(sign_offs.log)]


def _sign_off_step(entry: SignOffRecord, made: Mapping[int, SignOffRecord], in_force: set[int]) -> HistoryStep:
    version = entry.version if entry.target is None else entry.target
    statement = made.get(version, entry).statement
    return HistoryStep(
        step=f"sign_off:{version}",
        source="sign_off",
        version=entry.version,
        action="do" if entry.target is None else "undo" if entry.action == "undo" else "redo",
        kind="sign",
        who=entry.who,
        at=entry.at,
        why=entry.note,
        sentence="sign-off" if statement is None else f"sign-off of revision {statement.revision}",
        active=version in in_force,
        command_id=entry.command_id,
    )
