"""What the edits in force mean for a clustering: constraints, who is dropped, locked or named, and which thresholds.

Where two edits contradict each other the later one holds. Time ranges have become tracks before (see `resolving`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from contracts.ids import IdentityId, TrackId
from services.grouper.clustering.constraints import Constraints
from services.grouper.edits.kinds import (
    Drop,
    Edit,
    Lock,
    Merge,
    MoveTrack,
    NotSame,
    Recluster,
    Rename,
    Restore,
    Split,
    TrackGroup,
    Unlock,
)
from services.grouper.rules import ClusteringRules, GrouperThresholds, RescueRules

Tracks = Sequence[str]


def without_ended_locks(edits: Sequence[Edit]) -> list[Edit]:
    """The edits without the locks that a later unlock ended."""
    kept: list[Edit] = []
    unlocked: set[str] = set()
    for edit in reversed(edits):
        if isinstance(edit, Unlock):
            unlocked.update(edit.group.track_ids)
        elif not (isinstance(edit, Lock) and unlocked.intersection(edit.group.track_ids)):
            kept.append(edit)
    return kept[::-1]


def thresholds_in_force(thresholds: GrouperThresholds, edits: Sequence[Edit]) -> GrouperThresholds:
    """The settings' thresholds with those that the latest `Recluster` names."""
    latest = next((edit for edit in reversed(edits) if isinstance(edit, Recluster)), None)
    if latest is None:
        return thresholds
    given = latest.overrides.model_dump(exclude_none=True)
    clustering = {name: value for name, value in given.items() if name in ClusteringRules.model_fields}
    rescue = {name: value for name, value in given.items() if name in RescueRules.model_fields}
    return thresholds.model_copy(
        update={
            "clustering": thresholds.clustering.model_copy(update=clustering),
            "rescue": thresholds.rescue.model_copy(update=rescue),
        }
    )


def dropped_tracks(edits: Sequence[Edit]) -> set[str]:
    """Tracks that belong to nobody; an edit that came later and gives one to somebody takes it back."""
    dropped: set[str] = set()
    for edit in edits:
        if isinstance(edit, Drop):
            dropped.update(edit.track_ids)
        elif isinstance(edit, Restore):
            dropped.difference_update(edit.track_ids)
        else:
            dropped.difference_update(_given_to_somebody(edit))
    return dropped


def constrain(constraints: Constraints, edits: Sequence[Edit], positions: Mapping[str, int]) -> list[Edit]:
    """Adds the edits' constraints, the latest edit first; tracks without a position are left out.

    Returns the edits that a later one contradicts at least in part.
    """
    contradicted: list[Edit] = []
    gone_elsewhere: set[str] = set()
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
        complete = _complete_tracks(edit, gone_elsewhere)
        _close(constraints, [positions[track] for track in complete if track in positions])
        gone_elsewhere |= _taken_along(edit)
        if not all(accepted):
            contradicted.append(edit)
    return contradicted


def _complete_tracks(edit: Edit, gone_elsewhere: set[str]) -> Tracks:
    """Tracks of a person whom only people give more: a locked one, or a new one that no later edit took along."""
    if isinstance(edit, Lock):
        return edit.group.track_ids
    if isinstance(edit, MoveTrack) and edit.target is None:
        return [track for track in edit.track_ids if track not in gone_elsewhere]
    return ()


def _taken_along(edit: Edit) -> set[str]:
    if isinstance(edit, Merge):
        return {track for group in (edit.target, *edit.sources) for track in group.track_ids}
    if isinstance(edit, Split):
        return set(edit.split_off)
    return set(edit.track_ids) if isinstance(edit, MoveTrack) else set()


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
        target = [edit.target] if edit.target is not None else []
        return [*target, *([_without(edit.source, edit.track_ids)] if edit.source is not None else [])]
    if isinstance(edit, Split):
        return [_without(edit.kept, edit.split_off)]
    return [edit.group] if isinstance(edit, Lock | Rename) else []


def _without(group: TrackGroup, tracks: Sequence[str]) -> TrackGroup:
    gone = set(tracks)
    return group.model_copy(update={"track_ids": tuple(track for track in group.track_ids if track not in gone)})


def edited_tracks(edits: Sequence[Edit]) -> set[str]:
    """All tracks an operator has put somewhere."""
    return {track for edit in edits for track in _given_to_somebody(edit)}


def locked_groups(edits: Sequence[Edit]) -> list[set[str]]:
    """The tracks of each locked identity."""
    return [set(edit.group.track_ids) for edit in without_ended_locks(edits) if isinstance(edit, Lock)]


def labels_of(edits: Sequence[Edit], people: Sequence[tuple[IdentityId, Tracks]]) -> list[str | None]:
    """The name of each person, who is given by id and tracks.

    A naming is of the person with most of its tracks. Where several meet in one person, that of the person's own id
    holds, else the latest.
    """
    person_of = {track: index for index, (_, tracks) in enumerate(people) for track in tracks}
    labels: list[str | None] = [None] * len(people)
    own = [False] * len(people)
    for edit in edits:
        if not isinstance(edit, Rename):
            continue
        counts = Counter(person_of[track] for track in edit.group.track_ids if track in person_of)
        if not counts:
            continue
        index = min(counts, key=lambda one: (-counts[one], one))
        is_own = edit.group.identity_id == people[index][0]
        if is_own or not own[index]:
            labels[index], own[index] = edit.label, is_own
    return labels


def _relations(edit: Edit) -> tuple[list[tuple[Tracks, Tracks]], list[Tracks]]:
    """Pairs of groups that are not the same person, and groups that are one person."""
    if isinstance(edit, Merge):
        return [], [[track for group in (edit.target, *edit.sources) for track in group.track_ids]]
    if isinstance(edit, Split):
        return [(edit.split_off, _without(edit.kept, edit.split_off).track_ids)], [edit.split_off]
    if isinstance(edit, MoveTrack):
        source = edit.source if edit.source is not None else TrackGroup(track_ids=edit.track_ids)
        target = [*(edit.target.track_ids if edit.target is not None else ()), *edit.track_ids]
        return [(edit.track_ids, _without(source, target).track_ids)], [target]
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
        return (*edit.track_ids, *(edit.target.track_ids if edit.target is not None else ()))
    if isinstance(edit, Lock):
        return edit.group.track_ids
    return ()
