"""From the log of edits to what they say about the tracks of one run: cuts made, names translated.

An edit names the tracks of the run in which it was made, as they were cut then. Another run has other tracks; the same
face at the same time is the same track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.ids import RunId
from contracts.rows import TrackRow
from services.grouper.edits.kinds import Edit, MoveRange, MoveTrack, TrackGroup, named_tracks, translate_edit
from services.grouper.edits.log import EditRecord
from services.grouper.rules import CarryRules
from services.grouper.tracks.cutting import Cut, CutTracks, cut_tracks, parent_of
from services.grouper.tracks.matching import match_tracks


@dataclass(frozen=True)
class Resolved:
    """Edits in the track names of `cut`, time ranges among them as tracks; `lost` names those with no track there."""

    cut: CutTracks
    edits: tuple[Edit, ...]
    lost: tuple[EditRecord, ...]


class Resolver:
    """Resolves edits for one run. Tracks of runs are those before any cut, by run id; this one's are among them."""

    def __init__(self, run_id: RunId, tracks_of: Mapping[RunId, Sequence[TrackRow]], rules: CarryRules) -> None:
        self._run_id = run_id
        self._tracks_of = tracks_of
        self._rules = rules
        self._matches: dict[tuple[RunId, RunId], dict[str, tuple[str, ...]]] = {}

    def resolve(self, records: Sequence[EditRecord]) -> Resolved:
        """What the edits of records say here. Those made in a run whose tracks are not known are lost."""
        ranges = [
            (index, self._made_in(record), record.edit)
            for index, record in enumerate(records)
            if isinstance(record.edit, MoveRange)
        ]
        cut_of = {run: self._cut(run, ranges) for run in {self._made_in(record) for record in records}}
        here = cut_of.get(self._run_id) or self._cut(self._run_id, ranges)
        names = {
            run: match_tracks(cut.tracks, here[0].tracks, self._rules)
            for run, (cut, _) in cut_of.items()
            if run != self._run_id
        }
        edits: list[Edit] = []
        lost: list[EditRecord] = []
        for index, record in enumerate(records):
            run = self._made_in(record)
            edit = record.edit
            if isinstance(edit, MoveRange):
                edit = _as_move(edit, cut_of[run][1].get(index, ()))
            resolved = None if edit is None else self._resolved(edit, run, cut_of[run][0], here[0], names)
            if resolved is None:
                lost.append(record)
            else:
                edits.append(resolved)
        return Resolved(cut=here[0], edits=tuple(edits), lost=tuple(lost))

    def tracks_here(self, run: RunId, names: Sequence[str]) -> tuple[str, ...]:
        """Tracks of this run, before any cut, that show what the named tracks of another one show."""
        matches = self._match(run)
        return tuple(dict.fromkeys(new for name in names for new in matches.get(name, ())))

    def _made_in(self, record: EditRecord) -> RunId:
        return record.run_id or self._run_id

    def _resolved(
        self,
        edit: Edit,
        run: RunId,
        there: CutTracks,
        here: CutTracks,
        names: Mapping[RunId, Mapping[str, tuple[str, ...]]],
    ) -> Edit | None:
        new_ids = {name: there.resolve(name) for name in named_tracks(edit)}
        if run != self._run_id:
            across = names[run]
            new_ids = {
                name: tuple(new for leaf in leaves for new in across.get(leaf, ())) for name, leaves in new_ids.items()
            }
        elif not here.parts and all(leaves == (name,) for name, leaves in new_ids.items()):
            return edit
        return translate_edit(edit, new_ids)

    def _cut(
        self, run: RunId, ranges: Sequence[tuple[int, RunId, MoveRange]]
    ) -> tuple[CutTracks, dict[int, tuple[str, ...]]]:
        """A run's tracks with all cuts made, and which tracks are the stretch of each range."""
        cuts: list[Cut] = []
        owners: list[int] = []
        for index, made_in, edit in ranges:
            for name in self._counterparts(made_in, run, edit.track_id):
                cuts.append(Cut(track_id=name, start_s=edit.start_s, end_s=edit.end_s))
                owners.append(index)
        done = cut_tracks(self._tracks_of.get(run, ()), cuts)
        stretches: dict[int, tuple[str, ...]] = {}
        for index, stretch in zip(owners, done.stretches, strict=True):
            stretches[index] = (*stretches.get(index, ()), *stretch)
        return done, stretches

    def _counterparts(self, made_in: RunId, run: RunId, name: str) -> list[str]:
        """The names that a track, or part of one, has in another run: its part numbers stay."""
        if made_in == run:
            return [name]
        known = {track.track_id for track in self._tracks_of.get(made_in, ())}
        base: str | None = name
        while base is not None and base not in known:
            base, _ = parent_of(base)
        if base is None:
            return []
        return [other + name[len(base) :] for other in self._match(made_in, run).get(base, ())]

    def _match(self, earlier: RunId, later: RunId | None = None) -> dict[str, tuple[str, ...]]:
        key = (earlier, later or self._run_id)
        if key not in self._matches:
            tracks = [self._tracks_of.get(run, ()) for run in key]
            self._matches[key] = match_tracks(tracks[0], tracks[1], self._rules)
        return self._matches[key]


def _as_move(edit: MoveRange, stretch: tuple[str, ...]) -> MoveTrack | None:
    """The moving of a stretch as the moving of the track it has become."""
    if not stretch:
        return None
    source = edit.source or TrackGroup(track_ids=(edit.track_id,))
    rest = tuple(dict.fromkeys((*source.track_ids, edit.track_id)))
    return MoveTrack(track_ids=stretch, source=source.model_copy(update={"track_ids": rest}), target=edit.target)
