"""The ids of a run that was grouped before ids were kept: worked out once, from what the log and the grouping tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from contracts.ids import IdentityId, RunId, TrackId
from contracts.rows import Identity, TrackRow
from services.grouper.clustering.machine import MachineGrouping
from services.grouper.edits.log import EditLog
from services.grouper.episode.identity_ids import RunIds, adopted_ids
from services.grouper.tracks.cutting import whole_of

Witness = tuple[IdentityId, Sequence[TrackId]]
"""Somebody had these tracks."""


def adopted(
    machine: MachineGrouping,
    tracks: Sequence[TrackRow],
    identities: Sequence[Identity],
    retired: Mapping[IdentityId, Sequence[TrackId]],
    log: EditLog,
    run_id: RunId,
) -> RunIds:
    """The ids of the machine's people as they were before any edit, and of those whom edits have made.

    Args:
        machine: The run's grouping with the settings' thresholds.
        tracks: Its tracks before any cut.
        identities: Who is who in its latest grouping.
        retired: The last tracks of those who are not in that grouping.
    """
    names = {track.track_id for track in tracks}
    everybody = [*retired.items(), *((one.identity_id, one.track_ids) for one in identities)]
    witnesses = [(one, _wholes(own, names)) for one, own in (*_of_log(log, run_id), *everybody)]
    bare = adopted_ids(machine, tracks, witnesses, made={})
    made: dict[str, IdentityId] = {}
    for record in log:
        if record.edit is None or record.edit.new_identity() is not None or record.run_id not in (None, run_id):
            continue
        moved = set(_wholes(record.edit.own_tracks(), names))
        holders = [one for one, own in everybody if one not in bare.people and _is_most(moved, _wholes(own, names))]
        if record.edit.makes_somebody() and holders and holders[0] not in made.values():
            made[record.edit_id] = holders[0]
    return adopted_ids(machine, tracks, [one for one in witnesses if one[0] not in made.values()], made=made)


def _of_log(log: EditLog, run_id: RunId) -> Iterator[Witness]:
    for record in log:
        if record.edit is not None and record.run_id in (None, run_id):
            yield from ((one.identity_id, one.track_ids) for one in record.edit.groups() if one.identity_id is not None)


def _is_most(moved: set[str], own: Sequence[str]) -> bool:
    return 2 * len(moved.intersection(own)) > len(own)


def _wholes(tracks: Sequence[str], names: set[str]) -> tuple[str, ...]:
    """The tracks of which these are, or were cut."""
    return tuple(dict.fromkeys(whole for track in tracks if (whole := whole_of(track, names)) is not None))
