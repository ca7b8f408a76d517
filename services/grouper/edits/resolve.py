"""From the log of edits to what they say about the tracks of one run: cuts made, names translated.

An edit names the tracks of the run in which it was made, as they were cut then. Another run has other tracks; the same
face at the same time is the same track.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    `forgotten` are erased tracks, and parts of tracks, that edits name, with the seconds that they lasted.
    """

    cut: CutTracks
    edits: tuple[BaseEdit, ...]
    lost: tuple[EditRecord, ...]
    newcomers: frozenset[str] = frozenset()
    forgotten: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _CutRun:
    """A run's tracks with all cuts made, `whole` where nothing was erased, and which tracks are each range's stretch."""

    done: CutTracks
    whole: CutTracks
    stretches: Mapping[int, tuple[str, ...]]

    def knows(self, name: str) -> bool:
        """Whether it is the name of a track, or of a part of one, that is still there."""
        return whole_of(name, self.whole.names) is not None

    def resolve(self, name: str) -> tuple[str, ...]:
        """The tracks that a name means, parts that were erased among them."""
        return (*self.done.resolve(name), *(part for part in self.whole.resolve(name) if not self.done.resolve(part)))


@dataclass(frozen=True)
class _Names:
    """What tracks of another run are called in this one: those that are `left`, stretches `erased` of them, and tracks
    that are `forgotten`, these by what they were before any cut.
    """

    left: Mapping[str, tuple[str, ...]]
    erased: Mapping[str, tuple[str, ...]]
    forgotten: Mapping[str, tuple[str, ...]]

    def here(self, name: str, there: _CutRun) -> tuple[str, ...]:
        """The tracks of this run that a name of the other means."""
        leaves = there.resolve(name) if there.knows(name) else (name,)
        found = [new for leaf in leaves for new in (*self.left.get(leaf, ()), *self.erased.get(leaf, ()))]
        wholes = leaves if found else [whole for leaf in leaves if (whole := whole_of(leaf, self.forgotten))]
        return (*found, *(new for whole in wholes for new in self.forgotten.get(whole, ())))


class Resolver:
    """Resolves edits for one run. Tracks of runs are those before any cut, by run id; this one's are among them.

    `erased` has the stretches of such tracks of which nothing may be left, by run id; `forgotten` the erased tracks of
    this run that edits name, and the seconds that they lasted; `forgotten_of` what edits of other runs call these.
    """

    def __init__(
        self,
        run_id: RunId,
        tracks_of: Mapping[RunId, Sequence[TrackRow]],
        rules: CarryRules,
        erased: Mapping[RunId, Sequence[Cut]] | None = None,
        forgotten: Mapping[str, float] | None = None,
        forgotten_of: Mapping[RunId, Mapping[str, tuple[str, ...]]] | None = None,
    ) -> None:
        self._run_id = run_id
        self._tracks_of = tracks_of
        self._rules = rules
        self._erased = erased or {}
        self._forgotten = forgotten or {}
        self._forgotten_of = forgotten_of or {}
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
        left = {track.track_id for track in here.done.tracks}
        erased = [track for track in here.whole.tracks if track.track_id not in left]
        names = {
            run: _Names(
                match_tracks(cut.done.tracks, here.done.tracks, self._rules),
                match_tracks(cut.whole.tracks, erased, self._rules),
                self._forgotten_of.get(run, {}),
            )
            for run, cut in cut_of.items()
            if run != self._run_id
        }
        edits: list[BaseEdit] = []
        lost: list[EditRecord] = []
        for index, record in enumerate(records):
            run = self._made_in(record)
            named = cut_of[run].stretches.get(index, ())
            edit = None if record.edit is None else record.edit.of_stretch(named)
            resolved = None if edit is None else self._resolved(edit, run, cut_of[run], here, names)
            if resolved is None:
                if not self._is_erased(cut_of[run].done, named):
                    lost.append(record)
            else:
                own_id = (made or {}).get(record.edit_id)
                edits.append(resolved if own_id is None else resolved.with_new_identity(own_id))
        newcomers: set[str] = set()
        if names:
            newcomers = left - {new for one in names.values() for news in one.left.values() for new in news}
        return Resolved(
            cut=here.done,
            edits=tuple(edits),
            lost=tuple(lost),
            newcomers=frozenset(newcomers),
            forgotten=self._forgotten_in(edits, here),
        )

    def _forgotten_in(self, edits: Sequence[BaseEdit], here: _CutRun) -> dict[str, float]:
        """The erased tracks and parts that edits name, with the seconds that they lasted."""
        seconds = {row.track_id: row.end_s - row.start_s for row in here.whole.tracks} | dict(self._forgotten)
        left = {row.track_id for row in here.done.tracks}
        named = sorted({name for edit in edits for name in edit.named_tracks()} - left)
        return {name: seconds[name] for name in named if name in seconds}

    def _is_erased(self, cut: CutTracks, stretch: Sequence[str]) -> bool:
        """Whether an edit is about a stretch of which nothing may be left: then nobody needs to know what became of it."""
        return bool(stretch) and not any(cut.resolve(name) for name in stretch)

    def _made_in(self, record: EditRecord) -> RunId:
        return record.run_id or self._run_id

    def _resolved(
        self,
        edit: BaseEdit,
        run: RunId,
        there: _CutRun,
        here: _CutRun,
        names: Mapping[RunId, _Names],
    ) -> BaseEdit | None:
        if run != self._run_id:
            new_ids = {name: names[run].here(name, there) for name in edit.named_tracks()}
            return edit.translated(Translation(new_ids))
        new_ids = {name: there.resolve(name) or self._forgotten_name(name) for name in edit.named_tracks()}
        if not here.done.parts and all(leaves == (name,) for name, leaves in new_ids.items()):
            return edit
        return edit.translated(Translation(new_ids))

    def _forgotten_name(self, name: str) -> tuple[str, ...]:
        """The erased track that a name means; its parts went with it."""
        whole = whole_of(name, self._forgotten)
        return () if whole is None else (whole,)

    def _cut(self, run: RunId, ranges: Sequence[tuple[int, RunId, tuple[str, float, float]]]) -> _CutRun:
        cuts: list[Cut] = []
        owners: list[int] = []
        for index, made_in, (track_id, start_s, end_s) in ranges:
            for name in self._counterparts(made_in, run, track_id):
                cuts.append(Cut(track_id=name, start_s=start_s, end_s=end_s))
                owners.append(index)
        whole = cut_tracks(self._tracks_of.get(run, ()), cuts)
        stretches: dict[int, tuple[str, ...]] = {}
        for index, cut, stretch in zip(owners, cuts, whole.stretches, strict=True):
            forgotten = self._forgotten_name(cut.track_id) if run == self._run_id and not stretch else ()
            stretches[index] = (*stretches.get(index, ()), *stretch, *forgotten)
        return _CutRun(without_erased(whole, self._erased.get(run, ())), whole, stretches)

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
