"""From the log of edits to what they say about the tracks of one run: cuts made, names translated.

An edit names the tracks of the run in which it was made, as they were cut then. Another run has other tracks; the same
face at the same time is the same track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.ids import IdentityId, RunId
from contracts.rows import TrackRow
from services.grouper.edits.kinds import BaseEdit
from services.grouper.edits.kinds.base import Translation
from services.grouper.edits.log import EditRecord
from services.grouper.rules import CarryRules
from services.grouper.tracks.cutting import Cut, CutTracks, cut_tracks, whole_of, without_erased
from services.grouper.tracks.matching import match_tracks


@dataclass(frozen=True)
class Resolved:
    """Edits in the track names of `cut`, time ranges among them as tracks; `lost` names those with no track there.

    `newcomers` are the tracks that no run had in which any of the edits was made, so that none could name them.
    """

    cut: CutTracks
    edits: tuple[BaseEdit, ...]
    lost: tuple[EditRecord, ...]
    newcomers: frozenset[str] = frozenset()


class Resolver:
    """Resolves edits for one run. Tracks of runs are those before any cut, by run id; this one's are among them.

    `erased` has the stretches of such tracks of which nothing may be left, by run id.
    """

    def __init__(
        self,
        run_id: RunId,
        tracks_of: Mapping[RunId, Sequence[TrackRow]],
        rules: CarryRules,
        erased: Mapping[RunId, Sequence[Cut]] | None = None,
    ) -> None:
        self._run_id = run_id
        self._tracks_of = tracks_of
        self._rules = rules
        self._erased = erased or {}
        self._matches: dict[tuple[RunId, RunId], dict[str, tuple[str, ...]]] = {}

    def resolve(self, records: Sequence[EditRecord], made: Mapping[str, IdentityId] | None = None) -> Resolved:
        """What the edits of records say here. Those made in a run whose tracks are not known are lost.

        `made` has the ids of people whom edits made that do not say it, by edit id.
        """
        ranges = [
            (index, self._made_in(record), stretch)
            for index, record in enumerate(records)
            if record.edit is not None and (stretch := record.edit.stretch()) is not None
        ]
        cut_of = {run: self._cut(run, ranges) for run in {self._made_in(record) for record in records}}
        here = cut_of.get(self._run_id) or self._cut(self._run_id, ranges)
        names = {
            run: match_tracks(cut.tracks, here[0].tracks, self._rules)
            for run, (cut, _) in cut_of.items()
            if run != self._run_id
        }
        edits: list[BaseEdit] = []
        lost: list[EditRecord] = []
        for index, record in enumerate(records):
            run = self._made_in(record)
            edit = None if record.edit is None else record.edit.of_stretch(cut_of[run][1].get(index, ()))
            resolved = None if edit is None else self._resolved(edit, run, cut_of[run][0], here[0], names)
            if resolved is None:
                if not self._is_erased(cut_of[run][0], cut_of[run][1].get(index, ())):
                    lost.append(record)
            else:
                own_id = (made or {}).get(record.edit_id)
                edits.append(resolved if own_id is None else resolved.with_new_identity(own_id))
        newcomers: set[str] = set()
        if names:
            newcomers = {track.track_id for track in here[0].tracks}
            newcomers -= {new for matches in names.values() for news in matches.values() for new in news}
        return Resolved(cut=here[0], edits=tuple(edits), lost=tuple(lost), newcomers=frozenset(newcomers))

    def _is_erased(self, cut: CutTracks, stretch: Sequence[str]) -> bool:
        """Whether an edit is about a stretch of which nothing may be left: then nobody needs to know what became of it."""
        return bool(stretch) and not any(cut.resolve(name) for name in stretch)

    def _made_in(self, record: EditRecord) -> RunId:
        return record.run_id or self._run_id

    def _resolved(
        self,
        edit: BaseEdit,
        run: RunId,
        there: CutTracks,
        here: CutTracks,
        names: Mapping[RunId, Mapping[str, tuple[str, ...]]],
    ) -> BaseEdit | None:
        new_ids = {name: there.resolve(name) for name in edit.named_tracks()}
        if run != self._run_id:
            across = names[run]
            new_ids = {
                name: tuple(new for leaf in leaves for new in across.get(leaf, ())) for name, leaves in new_ids.items()
            }
        elif not here.parts and all(leaves == (name,) for name, leaves in new_ids.items()):
            return edit
        return edit.translated(Translation(new_ids))

    def _cut(
        self, run: RunId, ranges: Sequence[tuple[int, RunId, tuple[str, float, float]]]
    ) -> tuple[CutTracks, dict[int, tuple[str, ...]]]:
        """A run's tracks with all cuts made, and which tracks are the stretch of each range."""
        cuts: list[Cut] = []
        owners: list[int] = []
        for index, made_in, (track_id, start_s, end_s) in ranges:
            for name in self._counterparts(made_in, run, track_id):
                cuts.append(Cut(track_id=name, start_s=start_s, end_s=end_s))
                owners.append(index)
        done = without_erased(cut_tracks(self._tracks_of.get(run, ()), cuts), self._erased.get(run, ()))
        stretches: dict[int, tuple[str, ...]] = {}
        for index, stretch in zip(owners, done.stretches, strict=True):
            stretches[index] = (*stretches.get(index, ()), *stretch)
        return done, stretches

    def _counterparts(self, made_in: RunId, run: RunId, name: str) -> list[str]:
        """The names that a track, or part of one, has in another run: its part numbers stay."""
        if made_in == run:
            return [name]
        known = {track.track_id for track in self._tracks_of.get(made_in, ())}
        base = whole_of(name, known)
        if base is None:
            return []
        return [other + name[len(base) :] for other in self._match(made_in, run).get(base, ())]

    def _match(self, earlier: RunId, later: RunId | None = None) -> dict[str, tuple[str, ...]]:
        key = (earlier, later or self._run_id)
        if key not in self._matches:
            tracks = [self._tracks_of.get(run, ()) for run in key]
            self._matches[key] = match_tracks(tracks[0], tracks[1], self._rules)
        return self._matches[key]
