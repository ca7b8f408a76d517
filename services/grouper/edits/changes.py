"""What an edit changed, from what to what, as an entry of the log tells it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from contracts.ids import IdentityId, RunId, TrackId
from services.grouper.edits.kinds import (
    Drop,
    Edit,
    Merge,
    MoveRange,
    MoveTrack,
    Overrides,
    Recluster,
    Rename,
    Restore,
    Split,
    TrackGroup,
)
from services.grouper.edits.log import EditLog, EditRecord, active_records
from services.grouper.edits.replay import labels_of


class EditChange(BaseModel):
    """What the edit changed when it was made; undoing it takes that back. What its kind does not change is empty."""

    source_ids: tuple[IdentityId, ...] = Field(
        default=(), description="merge: who went into the target; split and moves: who lost the tracks, if it was one."
    )
    target_id: IdentityId | None = Field(
        default=None, description="merge and moves: who has the tracks since; null for somebody new."
    )
    track_ids: tuple[TrackId, ...] = Field(
        default=(), description="The tracks that were split off, moved, dropped or restored."
    )
    start_s: float | None = Field(default=None, description="move_range: from this second of the episode on.")
    end_s: float | None = Field(default=None, description="move_range: up to this second.")
    label_before: str | None = Field(default=None, description="rename: what they were called before.")
    label: str | None = Field(default=None, description="rename: what they are called since.")
    overrides_before: Overrides | None = Field(default=None, description="recluster: the thresholds before.")
    overrides: Overrides | None = Field(default=None, description="recluster: the thresholds since.")


def change_of(log: EditLog, made: EditRecord) -> EditChange:
    """What the edit of an entry changed; `made` is the entry of the log that applied it."""
    edit = made.edit
    if isinstance(edit, Rename):
        earlier = log[: log.index(made)]
        return EditChange(label_before=_label_in(earlier, edit.group, made.run_id), label=edit.label)
    if isinstance(edit, Recluster):
        earlier = log[: log.index(made)]
        return EditChange(overrides_before=_overrides_in(earlier), overrides=edit.overrides)
    return EditChange() if edit is None else _regrouping(edit)


def _regrouping(edit: Edit) -> EditChange:
    if isinstance(edit, Merge):
        return EditChange(source_ids=_ids(*edit.sources), target_id=edit.target.identity_id)
    if isinstance(edit, Split):
        return EditChange(source_ids=_ids(edit.kept), track_ids=edit.split_off)
    if isinstance(edit, MoveTrack):
        return EditChange(
            source_ids=_ids(edit.source),
            target_id=edit.target.identity_id if edit.target else None,
            track_ids=edit.track_ids,
        )
    if isinstance(edit, MoveRange):
        return EditChange(
            source_ids=_ids(edit.source),
            target_id=edit.target.identity_id if edit.target else None,
            track_ids=(edit.track_id,),
            start_s=edit.start_s,
            end_s=edit.end_s,
        )
    if isinstance(edit, Drop | Restore):
        return EditChange(track_ids=edit.track_ids)
    return EditChange()


def _ids(*groups: TrackGroup | None) -> tuple[IdentityId, ...]:
    return tuple(group.identity_id for group in groups if group is not None and group.identity_id is not None)


def _label_in(log: EditLog, group: TrackGroup, run_id: RunId | None) -> str | None:
    """What a group was called after these entries. Tracks of another run are other tracks: its names go by identity."""
    names = []
    for record in active_records(log):
        if isinstance(record.edit, Rename):
            if record.run_id == run_id:
                names.append(record.edit)
            elif record.edit.group.identity_id == group.identity_id:
                names.append(Rename(group=group, label=record.edit.label))
    return labels_of(names, [(group.identity_id or "", group.track_ids)])[0]


def _overrides_in(log: EditLog) -> Overrides:
    """The thresholds in force after these entries."""
    chosen = [record.edit.overrides for record in active_records(log) if isinstance(record.edit, Recluster)]
    return chosen[-1] if chosen else Overrides()
