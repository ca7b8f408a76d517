"""People's decisions on links over the machine's, and the history that undo and redo walk along.

Two layers that never overwrite one another: what people decided (`LinkState` without automatic links, versioned) and
what the machine found in a run (a list of automatic links). What counts is computed from both, so a re-run changes no
decision and a decision taken back shows the machine's link again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import Field

from chassis.commands import History, history_of
from contracts.blobs import Contract
from contracts.ids import FaceId, RunId, Slug, TrackId
from contracts.rows import CastLink
from services.identity.links.transitions import Action, LinkChange, LinkRefused, LinkState, LinkTransition, undo_change


class TakenFace(Contract):
    """A face of the episode that became a reference picture: what it is called there, and where it came from."""

    cast_id: Slug
    picture: str = Field(description="Id of the reference picture.")
    run_id: RunId
    track_id: TrackId
    face_id: FaceId
    t_s: float = Field(ge=0, description="Second of the episode.")


class LinkCommand(Contract):
    """One command of a person: the version it made, and what it changed. Undo and redo take commands back whole."""

    version: int = Field(ge=1)
    command_id: str
    action: Action
    who: str
    at: str = Field(description="ISO 8601, UTC.")
    why: str | None = None
    changes: tuple[LinkChange, ...]
    target: int | None = Field(default=None, description="Version of the command that was taken back or made again.")
    references: tuple[TakenFace, ...] = Field(default=(), description="Faces that became reference pictures with it.")
    new_member: str | None = Field(default=None, description="Name of the cast member who was added with it.")


class Skipped(Contract):
    """An identity that a command left alone. Codes: `locked`, `decided`, `linked`, `no_suggestion`, `improbable`,
    `unclear`, `simultaneous`, `extra`, `no_extra`.
    """

    identity_id: str
    code: str
    reason: str


class LinkRecord(LinkCommand):
    """A command as it is stored: with what it takes to know it again and to answer it as before."""

    fingerprint: str | None = Field(default=None, description="None where it was stored before there were any.")
    skipped: tuple[Skipped, ...] = ()


def effective_links(decided: LinkState, automatic: Iterable[CastLink]) -> LinkState:
    """What counts: people's links, and the machine's where nobody decided or dismissed otherwise.

    A link that other identities' faces bore out goes with them: it counts while all of them are still that person.
    """
    dismissed = decided.dismissed_pairs
    settled = {link.identity_id for link in decided.links}
    kept = [
        link
        for link in automatic
        if link.identity_id not in settled
        and (link.identity_id, link.cast_id) not in dismissed
        and (link.identity_id, None) not in dismissed
    ]
    named = {link.identity_id: link.cast_id for link in (*decided.links, *kept)}
    kept = [link for link in kept if all(named.get(identity) == link.cast_id for identity in link.seen_as)]
    links = tuple(sorted([*decided.links, *kept], key=lambda link: link.identity_id))
    return decided.model_copy(update={"links": links})


def peoples_part(state: LinkState) -> LinkState:
    """The state without automatic links."""
    return state.model_copy(update={"links": tuple(link for link in state.links if link.by != "auto")})


def as_one_version(
    before: LinkState, transitions: Sequence[LinkTransition]
) -> tuple[LinkState, tuple[LinkChange, ...]]:
    """Several transitions, made one after the other, as one version. Raises ValueError when there is none."""
    if not transitions:
        raise ValueError("a command changes something")
    version = before.version + 1
    changes = tuple(step.change.model_copy(update={"version": version}) for step in transitions)
    return transitions[-1].state.model_copy(update={"version": version}), changes


def walked(commands: Sequence[LinkCommand]) -> History[int]:
    """Versions of the commands in force and of those taken back."""
    return history_of(
        ("do", command.version)
        if command.target is None
        else ("undo" if command.action == "undo" else "redo", command.target)
        for command in commands
    )


def choose_undo(commands: Sequence[LinkCommand], version: int | None = None) -> LinkCommand:
    """The command to take back: the latest in force, or the one named.

    Raises LinkRefused `nothing_to_undo`.
    """
    return _choose(commands, walked(commands).in_force, version, "undo")


def choose_redo(commands: Sequence[LinkCommand], version: int | None = None) -> LinkCommand:
    """The command to make again: the latest taken back, or the one named. Raises LinkRefused `nothing_to_redo`."""
    return _choose(commands, walked(commands).taken_back, version, "redo")


def _choose(
    commands: Sequence[LinkCommand], candidates: Sequence[int], version: int | None, action: Action
) -> LinkCommand:
    if not candidates:
        raise LinkRefused(f"nothing_to_{action}", f"There is no change to {action}.")
    wanted = candidates[-1] if version is None else version
    if wanted not in candidates:
        raise LinkRefused(f"nothing_to_{action}", f"Version {wanted} is not a change that {action} could take now.")
    return next(command for command in commands if command.version == wanted)


def replay(
    decided: LinkState, command: LinkCommand, *, action: Action, who: str, at: str, event_id: str
) -> tuple[LinkTransition, ...]:
    """Takes a command back (`undo`) or makes it again (`redo`) in people's layer.

    Raises LinkRefused `change_superseded` when one of its identities was decided again since.
    """
    steps: list[LinkTransition] = []
    state = decided
    for change in command.changes if action == "redo" else reversed(command.changes):
        part = _peoples_change(change)
        step = undo_change(
            state,
            part if action == "undo" else _turned(part),
            who=who,
            at=at,
            event_id=event_id,
            expected_version=state.version,
            action=action,
        )
        steps.append(step)
        state = step.state
    return tuple(steps)


def _peoples_change(change: LinkChange) -> LinkChange:
    def decided(link: CastLink | None) -> CastLink | None:
        return link if link is not None and link.by != "auto" else None

    return change.model_copy(update={"before": decided(change.before), "after": decided(change.after)})


def _turned(change: LinkChange) -> LinkChange:
    return change.model_copy(
        update={
            "before": change.after,
            "after": change.before,
            "dismissed_before": change.dismissed_after,
            "dismissed_after": change.dismissed_before,
        }
    )
