"""What an edit changed, from what to what, as an entry of the log tells it."""

from __future__ import annotations

from contracts.ids import RunId
from services.grouper.edits.kinds import EditChange, Overrides
from services.grouper.edits.log import EditLog, EditRecord, active_records
from services.grouper.edits.replay import overrides_in_force
from services.grouper.edits.track_group import TrackGroup


class LogBefore:
    """How it was after some entries of the log; see `kinds.base.Before`."""

    def __init__(self, log: EditLog, run_id: RunId | None) -> None:
        self._records = active_records(log)
        self._run_id = run_id

    def label_of(self, group: TrackGroup) -> str | None:
        """What a group was called."""
        found: str | None = None
        for record in self._records:
            if record.edit is not None and (named := record.edit.naming()) is not None:
                of, label = named
                same_tracks = record.run_id == self._run_id and not set(of.track_ids).isdisjoint(group.track_ids)
                if same_tracks or (of.identity_id is not None and of.identity_id == group.identity_id):
                    found = label
        return found

    def overrides(self) -> Overrides:
        """The thresholds that were in force."""
        return overrides_in_force([record.edit for record in self._records if record.edit is not None])


def change_of(log: EditLog, made: EditRecord) -> EditChange:
    """What the edit of an entry changed; `made` is the entry of the log that applied it."""
    if made.edit is None:
        return EditChange()
    return made.edit.change(LogBefore(log[: log.index(made)], made.run_id))
