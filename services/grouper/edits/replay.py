"""What the edits in force mean for a grouping, understood once.

Where two edits contradict each other the later one holds. Time ranges have become tracks before (see `resolve`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from contracts.ids import IdentityId
from services.grouper.clustering.machine import MachinePeople
from services.grouper.edits.kinds import BaseEdit, Overrides
from services.grouper.edits.who_is_who import WhoIsWho
from services.grouper.rules import ClusteringRules, GrouperThresholds, RescueRules

Tracks = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class EditEffects:
    """Who is who after the edits, before leftovers are looked at again. Track ids and identity ids.

    Nothing joins the `closed` identities, the `locked` ones among them; nobody of the first tracks of an `apart` pair is
    anybody of the second. `placed` are the tracks that operators put somewhere. `contradicted` counts the edits of
    which others made something else, at least in part.
    """

    identity_of: Mapping[str, IdentityId]
    dropped: frozenset[str]
    locked: frozenset[IdentityId]
    closed: frozenset[IdentityId]
    labels: Mapping[IdentityId, str | None]
    apart: tuple[tuple[Tracks, Tracks], ...]
    placed: frozenset[str]
    contradicted: int


def effects_of(
    edits: Sequence[BaseEdit],
    machine: MachinePeople,
    seconds: Mapping[str, float],
    newcomers: Collection[str] = (),
) -> EditEffects:
    """Replays the edits in force on the machine's people.

    `seconds` says how long each track is on screen; `newcomers` are tracks that none of the edits could name.
    """
    edits = without_ended_locks(edits)
    who = WhoIsWho(
        machine.identity_of,
        seconds=seconds,
        known=machine.known_ids,
        id_of_track=machine.id_of_track,
        erased_in_part=machine.erased_in_part,
    )
    for edit in edits:
        edit.replay(who)
    who.follow(newcomers)
    identity_of = {track: one for track, one in who.identity_of.items() if track not in who.dropped}
    locks = [group for edit in edits if (group := edit.locks()) is not None]
    locked = {one for group in locks if (one := who.holder(group)) is not None}
    return EditEffects(
        identity_of=identity_of,
        dropped=frozenset(who.dropped),
        locked=frozenset(locked),
        closed=frozenset(who.closed | locked),
        labels=dict(who.labels),
        apart=tuple(pair for edit in edits if all(pair := edit.apart())),
        placed=frozenset(track for edit in edits for track in edit.placed_tracks()),
        contradicted=sum(_is_contradicted(edit, identity_of) for edit in edits),
    )


def without_ended_locks(edits: Sequence[BaseEdit]) -> list[BaseEdit]:
    """The edits without the locks that a later unlock ended."""
    kept: list[BaseEdit] = []
    unlocked: set[str] = set()
    for edit in reversed(edits):
        if (group := edit.unlocks()) is not None:
            unlocked.update(group.track_ids)
        if (group := edit.locks()) is None or unlocked.isdisjoint(group.track_ids):
            kept.append(edit)
    return kept[::-1]


def overrides_in_force(edits: Sequence[BaseEdit]) -> Overrides:
    """The thresholds that the latest edit which sets any names."""
    chosen = (edit.thresholds() for edit in reversed(edits))
    return next((one for one in chosen if one is not None), Overrides())


def thresholds_in_force(thresholds: GrouperThresholds, edits: Sequence[BaseEdit]) -> GrouperThresholds:
    """The settings' thresholds with those that operators chose instead."""
    return overridden(thresholds, overrides_in_force(edits))


def overridden(thresholds: GrouperThresholds, overrides: Overrides) -> GrouperThresholds:
    """The thresholds with those that are chosen instead."""
    given = overrides.model_dump(exclude_none=True)
    if not given:
        return thresholds
    clustering = {name: value for name, value in given.items() if name in ClusteringRules.model_fields}
    rescue = {name: value for name, value in given.items() if name in RescueRules.model_fields}
    return thresholds.model_copy(
        update={
            "clustering": thresholds.clustering.model_copy(update=clustering),
            "rescue": thresholds.rescue.model_copy(update=rescue),
        }
    )


def _is_contradicted(edit: BaseEdit, identity_of: Mapping[str, IdentityId]) -> bool:
    def people(tracks: Tracks) -> set[IdentityId]:
        return {identity_of[track] for track in tracks if track in identity_of}

    first, second = edit.apart()
    return len(people(edit.together())) > 1 or not people(first).isdisjoint(people(second))
