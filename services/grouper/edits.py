"""What operators decided, as data: replayed as constraints on every clustering, undone and redone through a log.

Edits name tracks, not clusters: a cluster is what the next clustering makes of it, a track stays. Where two edits
contradict each other the later one holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from contracts.blobs import Contract
from contracts.ids import IdentityId, TrackId
from services.grouper.constraints import Constraints

TrackIds = Annotated[tuple[TrackId, ...], Field(min_length=1)]


class TrackGroup(Contract):
    """The tracks of an identity when the edit was made; the identity keeps its id where its tracks are found."""

    identity_id: IdentityId | None = None
    track_ids: TrackIds


class Merge(Contract):
    """All groups are one person, who keeps the target's identity id. Holds against simultaneity too: mirrors exist."""

    kind: Literal["merge"] = "merge"
    target: TrackGroup
    sources: tuple[TrackGroup, ...] = Field(min_length=1)


class Split(Contract):
    """`split_off` is one other person than `kept`."""

    kind: Literal["split"] = "split"
    kept: TrackGroup
    split_off: TrackIds


class MoveTrack(Contract):
    """The tracks belong to `target` and not to `source` (its other tracks)."""

    kind: Literal["move_track"] = "move_track"
    track_ids: TrackIds
    source: TrackGroup | None = None
    target: TrackGroup


class NotSame(Contract):
    """Nobody of the first group is anybody of the second."""

    kind: Literal["not_same"] = "not_same"
    first: TrackGroup
    second: TrackGroup


class Lock(Contract):
    """The group is complete and right: it stays together and nothing joins it."""

    kind: Literal["lock"] = "lock"
    group: TrackGroup


class Drop(Contract):
    """The tracks are nobody (a poster, a doll): no identity has them."""

    kind: Literal["drop"] = "drop"
    track_ids: TrackIds


Edit = Annotated[Merge | Split | MoveTrack | NotSame | Lock | Drop, Field(discriminator="kind")]


class EditRecord(Contract):
    """One entry of the log: an edit that was applied, or the undoing or redoing of one (`edit` None)."""

    edit_id: str
    action: Literal["apply", "undo", "redo"]
    by: str
    at: str = Field(description="ISO 8601, UTC.")
    edit: Edit | None = None


EditLog = tuple[EditRecord, ...]


class NothingToChangeError(ValueError):
    """There is no such edit, or it is already undone (redone)."""


def apply_edit(log: EditLog, edit: Edit, *, edit_id: str, by: str, at: str) -> EditLog:
    """The log with one more edit. The same `edit_id` again changes nothing."""
    if any(record.edit_id == edit_id and record.action == "apply" for record in log):
        return log
    return (*log, EditRecord(edit_id=edit_id, action="apply", by=by, at=at, edit=edit))


def undo(log: EditLog, *, by: str, at: str, edit_id: str | None = None) -> EditLog:
    """Undoes an edit, the latest active one unless named. Raises NothingToChangeError."""
    state = _active_by_id(log)
    active = [one for one, is_active in state.items() if is_active]
    chosen = edit_id if edit_id is not None else next(reversed(active), None)
    if chosen is None or not state.get(chosen, False):
        raise NothingToChangeError("there is no edit to undo")
    return (*log, EditRecord(edit_id=chosen, action="undo", by=by, at=at))


def redo(log: EditLog, *, by: str, at: str, edit_id: str | None = None) -> EditLog:
    """Redoes an undone edit, by default the one undone last since one was applied. Raises NothingToChangeError."""
    state = _active_by_id(log)
    chosen = edit_id if edit_id is not None else _last_undone(log)
    if chosen is None or state.get(chosen, True):
        raise NothingToChangeError("there is no edit to redo")
    return (*log, EditRecord(edit_id=chosen, action="redo", by=by, at=at))


def active_edits(log: EditLog) -> list[Edit]:
    """The edits in force, in the order in which they were made."""
    state = _active_by_id(log)
    return [record.edit for record in log if record.edit is not None and state[record.edit_id]]


def translate_edits(edits: Sequence[Edit], new_ids: Mapping[str, Sequence[str]]) -> tuple[list[Edit], list[Edit]]:
    """Edits in the track ids of another run, and those that could not be kept because none of their tracks is there.

    `new_ids` names the tracks of the other run that show the same face at the same time (see `carrying.match_tracks`).
    """
    kept: list[Edit] = []
    lost: list[Edit] = []
    for edit in edits:
        translated = _translated(edit, new_ids)
        (lost if translated is None else kept).append(edit if translated is None else translated)
    return kept, lost


def dropped_tracks(edits: Sequence[Edit]) -> set[str]:
    """Tracks that belong to nobody; an edit that came later and gives one to somebody takes it back."""
    dropped: set[str] = set()
    for edit in edits:
        if isinstance(edit, Drop):
            dropped.update(edit.track_ids)
        else:
            dropped.difference_update(_given_to_somebody(edit))
    return dropped


def constrain(constraints: Constraints, edits: Sequence[Edit], positions: Mapping[str, int]) -> list[Edit]:
    """Adds the edits' constraints, the latest edit first; tracks without a position are left out.

    Returns the edits that a later one contradicts at least in part.
    """
    contradicted: list[Edit] = []
    for edit in reversed(edits):
        apart, together = _relations(edit)
        accepted = [
            constraints.cannot_link(positions[one], positions[other])
            for first, second in apart
            for one in first
            for other in second
            if one in positions and other in positions
        ]
        accepted += [constraints.must_link_all([positions[one] for one in ids if one in positions]) for ids in together]
        if isinstance(edit, Lock):
            _close(constraints, [positions[track] for track in edit.group.track_ids if track in positions])
        if not all(accepted):
            contradicted.append(edit)
    return contradicted


def _close(constraints: Constraints, items: Sequence[int]) -> None:
    """Closes the group that holds most of the items; a later edit may have given single ones to somebody else."""
    counts = Counter(constraints.group_of(item) for item in items)
    if counts:
        constraints.close(min(counts, key=lambda group: (-counts[group], group)))


def pinned_ids(edits: Sequence[Edit]) -> list[tuple[IdentityId, tuple[TrackId, ...]]]:
    """Which identity id the tracks of an edited group keep, the latest edit first."""
    groups = [group for edit in reversed(edits) for group in _groups_that_keep_their_id(edit)]
    return [(group.identity_id, group.track_ids) for group in groups if group.identity_id is not None]


def _groups_that_keep_their_id(edit: Edit) -> list[TrackGroup]:
    if isinstance(edit, Merge):
        return [edit.target]
    if isinstance(edit, MoveTrack):
        return [edit.target, *([_without(edit.source, edit.track_ids)] if edit.source is not None else [])]
    if isinstance(edit, Split):
        return [_without(edit.kept, edit.split_off)]
    return [edit.group] if isinstance(edit, Lock) else []


def _without(group: TrackGroup, tracks: Sequence[str]) -> TrackGroup:
    return group.model_copy(update={"track_ids": tuple(track for track in group.track_ids if track not in tracks)})


def edited_tracks(edits: Sequence[Edit]) -> set[str]:
    """All tracks an operator has put somewhere."""
    return {track for edit in edits for track in _given_to_somebody(edit)}


def locked_groups(edits: Sequence[Edit]) -> list[set[str]]:
    """The tracks of each locked identity."""
    return [set(edit.group.track_ids) for edit in edits if isinstance(edit, Lock)]


def _active_by_id(log: EditLog) -> dict[str, bool]:
    """For each edit, in the order in which they were made, whether it is in force."""
    state: dict[str, bool] = {}
    for record in log:
        state[record.edit_id] = record.action != "undo"
    return state


def _last_undone(log: EditLog) -> str | None:
    undone: list[str] = []
    for record in log:
        if record.action == "apply":
            undone.clear()
        elif record.action == "undo":
            undone.append(record.edit_id)
        elif record.edit_id in undone:
            undone.remove(record.edit_id)
    return undone[-1] if undone else None


Tracks = Sequence[str]


def _relations(edit: Edit) -> tuple[list[tuple[Tracks, Tracks]], list[Tracks]]:
    """Pairs of groups that are not the same person, and groups that are one person."""
    if isinstance(edit, Merge):
        return [], [[track for group in (edit.target, *edit.sources) for track in group.track_ids]]
    if isinstance(edit, Split):
        remaining = [track for track in edit.kept.track_ids if track not in edit.split_off]
        return [(edit.split_off, remaining)], [edit.split_off]
    if isinstance(edit, MoveTrack):
        source = edit.source.track_ids if edit.source is not None else ()
        target = [*edit.target.track_ids, *edit.track_ids]
        return [(edit.track_ids, [track for track in source if track not in target])], [target]
    if isinstance(edit, NotSame):
        return [(edit.first.track_ids, edit.second.track_ids)], []
    if isinstance(edit, Lock):
        return [], [edit.group.track_ids]
    return [], []


def _given_to_somebody(edit: Edit) -> tuple[str, ...]:
    if isinstance(edit, Merge):
        return tuple(track for group in (edit.target, *edit.sources) for track in group.track_ids)
    if isinstance(edit, Split):
        return (*edit.kept.track_ids, *edit.split_off)
    if isinstance(edit, MoveTrack):
        return (*edit.track_ids, *edit.target.track_ids)
    if isinstance(edit, Lock):
        return edit.group.track_ids
    return ()


def _translated(edit: Edit, new_ids: Mapping[str, Sequence[str]]) -> Edit | None:
    def ids(old: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(new for track in old for new in new_ids.get(track, ())))

    def group(old: TrackGroup) -> TrackGroup | None:
        found = ids(old.track_ids)
        return old.model_copy(update={"track_ids": found}) if found else None

    if isinstance(edit, Drop):
        found = ids(edit.track_ids)
        return edit.model_copy(update={"track_ids": found}) if found else None
    if isinstance(edit, Lock):
        locked = group(edit.group)
        return edit.model_copy(update={"group": locked}) if locked else None
    if isinstance(edit, NotSame):
        first, second = group(edit.first), group(edit.second)
        return edit.model_copy(update={"first": first, "second": second}) if first and second else None
    if isinstance(edit, Split):
        kept, off = group(edit.kept), ids(edit.split_off)
        return edit.model_copy(update={"kept": kept, "split_off": off}) if kept and off else None
    if isinstance(edit, MoveTrack):
        moved, target = ids(edit.track_ids), group(edit.target)
        source = group(edit.source) if edit.source is not None else None
        update = {"track_ids": moved, "target": target, "source": source}
        return edit.model_copy(update=update) if moved and target else None
    merged = group(edit.target)
    sources = tuple(one for source in edit.sources if (one := group(source)) is not None)
    return edit.model_copy(update={"target": merged, "sources": sources}) if merged and sources else None
