"""The log of edits without what it says of forgotten tracks and names. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chassis.domain.redaction import redact
from contracts.ids import RunId
from services.grouper.edits.kinds import Rename
from services.grouper.edits.log import EditLog, EditRecord
from services.grouper.tracks.cutting import whole_of


def forget_in_log(log: EditLog, *, run_id: RunId, tracks: Collection[str], texts: Collection[str]) -> EditLog:
    """The log without the edits of a run that are about these tracks alone, and without the names in its texts.

    Locks stay: who is complete says of everybody else that they are not this one.

    Versions stay, and so does every other entry: what is left can be undone and redone as before.
    """
    about_them = {
        record.edit_id
        for record in log
        if record.edit is not None and record.run_id == run_id and _is_about(record, tracks)
    }
    return tuple(_without_names(record, texts) for record in log if record.edit_id not in about_them)


def named_in(log: EditLog, run_id: RunId, seconds: Mapping[str, float]) -> dict[str, float]:
    """Of the tracks of a run, with the seconds that they last, those that edits made in it name, or a part of them."""
    named = {
        whole
        for record in log
        if record.edit is not None and record.run_id in (None, run_id)
        for name in record.edit.named_tracks()
        if (whole := whole_of(name, seconds)) is not None
    }
    return {track: seconds[track] for track in sorted(named)}


def _is_about(record: EditRecord, tracks: Collection[str]) -> bool:
    named = set(record.edit.named_tracks()) if record.edit is not None else set()
    is_of_locks = record.edit is not None and (record.edit.locks() or record.edit.unlocks()) is not None
    return bool(named) and named <= set(tracks) and not is_of_locks


def _without_names(record: EditRecord, texts: Collection[str]) -> EditRecord:
    update: dict[str, object] = {}
    if record.why is not None and (why := redact(record.why, texts)) != record.why:
        update["why"] = why
    edit = record.edit
    if isinstance(edit, Rename) and names_somebody(edit.label, texts):
        update["edit"] = edit.model_copy(update={"label": None})
    return record.model_copy(update=update) if update else record


def names_somebody(label: str | None, texts: Collection[str]) -> bool:
    """Whether a label has one of the names in it."""
    return label is not None and redact(label, texts) != label
