"""The log of edits without what it says of forgotten tracks and names. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from chassis.domain.redaction import redact
from contracts.ids import RunId, TrackId
from contracts.rows import TrackRow
from services.grouper.edits.kinds import Rename
from services.grouper.edits.log import EditLog, EditRecord
from services.grouper.rules import CarryRules
from services.grouper.tracks.cutting import whole_of
from services.grouper.tracks.matching import match_tracks


@dataclass(frozen=True)
class NamedTracks:
    """Tracks of a run that edits name, with the seconds that they last.

    `elsewhere` tells what edits call them that were made in other runs: the run, the track there, the track here.
    """

    seconds: Mapping[TrackId, float]
    elsewhere: Sequence[tuple[RunId, TrackId, TrackId]]


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


def named_in(
    log: EditLog, run_id: RunId, tracks_of: Mapping[RunId, Sequence[TrackRow]], rules: CarryRules
) -> NamedTracks:
    """The tracks of a run that edits name, or a part of them, in whatever run they were made.

    `tracks_of` has tracks before any cut, by run id: this run's, and those of the runs in which edits were made.
    """
    here = {row.track_id: row for row in tracks_of[run_id]}
    elsewhere: list[tuple[RunId, TrackId, TrackId]] = []
    named: set[TrackId] = set()
    for made_in, names in sorted(_named_by_run(log, run_id).items()):
        known = {row.track_id for row in tracks_of.get(made_in, ())}
        wholes = {whole for name in names if (whole := whole_of(name, known)) is not None}
        if made_in == run_id:
            named |= wholes
        elif wholes:
            matches = match_tracks(tracks_of[made_in], tracks_of[run_id], rules)
            elsewhere += [(made_in, name, track) for name in sorted(wholes) for track in matches.get(name, ())]
    named |= {track for _, _, track in elsewhere}
    return NamedTracks({track: here[track].end_s - here[track].start_s for track in sorted(named)}, elsewhere)


def _named_by_run(log: EditLog, run_id: RunId) -> Mapping[RunId, set[TrackId]]:
    """What edits name, by the run in which they were made."""
    named: dict[RunId, set[TrackId]] = {}
    for record in log:
        if record.edit is not None:
            named.setdefault(record.run_id or run_id, set()).update(record.edit.named_tracks())
    return named


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
