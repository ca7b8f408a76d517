"""Identity ids of the machine's people: what every edit is replayed on, and what a later run begins with.

The ids belong to the grouping that the machine makes of a run with the settings' thresholds and without any edit. They
are decided once, when the run is grouped for the first time: a person whom an earlier run had, by overlapping tracks,
keeps that run's id. A grouping with other thresholds takes its ids from there.

**What the machine makes of a run is decided once for each choice of thresholds.** Whoever is erased, and whatever is set
or released later, nobody else is grouped anew by it: only an edit changes who is who.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from contracts.ids import IdentityId, RunId, TrackId, identity_id
from contracts.rows import TrackRow
from services.grouper.clustering.machine import MachineGrouping, MachinePeople, number_of
from services.grouper.edits.forget import NamedTracks
from services.grouper.rules import CarryRules
from services.grouper.tracks.matching import match_tracks, shared_seconds

Claim = tuple[float, IdentityId, int]
"""Seconds that an id's person shares with a group, the id, the group."""

_ALWAYS = 1e-6
"""What a shared track counts besides its seconds, so that one of no length counts as well."""


class RunIds(BaseModel):
    """The ids of a run. `people` are the machine's, the `rescued` tracks among theirs being leftovers.

    `retired` people of earlier runs are not among them; they have the tracks that show them, for the day when they are
    found again. `numbers` is each track's own, for people who have no other id. `made` has the ids of people whom edits
    made that do not say it themselves: those of before there were such ids. Of the people `erased_in_part` tracks that no
    edit names, or parts of tracks, were erased. `groupings` has what the machine makes of the run, by the overrides that
    were in force (see `Overrides.key`), and `people_by` whose each track is in it, from the day on when somebody is erased:
    whoever is erased then leaves the id to nobody else.

    `forgotten` are erased tracks that edits in the log name together with others, and the seconds that they lasted:
    edits are replayed with them, for without them they would say something else of the others. They are among everybody's
    tracks here. `forgotten_of` has their names in the runs in which such edits were made: by run, track there -> tracks
    here.
    """

    model_config = ConfigDict(frozen=True)

    people: Mapping[IdentityId, tuple[TrackId, ...]]
    rescued: tuple[TrackId, ...]
    retired: Mapping[IdentityId, tuple[TrackId, ...]]
    numbers: Mapping[TrackId, int]
    made: Mapping[str, IdentityId] = {}
    erased_in_part: tuple[IdentityId, ...] = ()
    groupings: Mapping[str, MachineGrouping] = {}
    people_by: Mapping[str, Mapping[TrackId, IdentityId]] = {}
    forgotten: Mapping[TrackId, float] = {}
    forgotten_of: Mapping[RunId, Mapping[TrackId, tuple[TrackId, ...]]] = {}

    @property
    def highest_number(self) -> int:
        """The greatest number in use, those by tracks left out."""
        return max((number_of(one) for one in (*self.people, *self.retired, *self.made.values())), default=0)

    def with_groupings(self, groupings: Mapping[str, MachineGrouping]) -> RunIds:
        """The same with more groupings of the machine; those that are known stay as they are."""
        more = {key: one for key, one in groupings.items() if key not in self.groupings}
        return self.model_copy(update={"groupings": {**self.groupings, **more}}) if more else self

    def without(
        self,
        tracks: Collection[TrackId],
        parts_of: Collection[TrackId] = (),
        named: NamedTracks | None = None,
    ) -> RunIds:
        """The same where tracks, and parts of others, are forgotten; people who have none left go with them.

        Of the tracks those that edits still name, `named`, leave the seconds behind that they lasted.
        """
        named = named or NamedTracks({}, ())
        remembered = {track: seconds for track, seconds in named.seconds.items() if track in tracks}
        forgotten_of = {run: dict(names) for run, names in self.forgotten_of.items()}
        for run, name, track in named.elsewhere:
            if track in remembered:
                names = forgotten_of.setdefault(run, {})
                names[name] = (*names.get(name, ()), track)
        tracks = frozenset(tracks) - remembered.keys()
        concerned = {one for one, own in self.people.items() if not {*tracks, *parts_of}.isdisjoint(own)}

        def left(people: Mapping[IdentityId, Sequence[TrackId]]) -> dict[IdentityId, tuple[TrackId, ...]]:
            kept = {one: tuple(track for track in own if track not in tracks) for one, own in people.items()}
            return {one: own for one, own in kept.items() if own}

        return self.model_copy(
            update={
                "people": left(self.people),
                "rescued": tuple(track for track in self.rescued if track not in tracks),
                "retired": left(self.retired),
                "numbers": {track: number for track, number in self.numbers.items() if track not in tracks},
                "erased_in_part": tuple(sorted({*self.erased_in_part, *concerned})),
                "groupings": {key: one.without(tracks) for key, one in self.groupings.items()},
                "people_by": {
                    key: {track: one for track, one in own.items() if track not in tracks}
                    for key, own in self.people_by.items()
                },
                "forgotten": {**self.forgotten, **remembered},
                "forgotten_of": forgotten_of,
            }
        )


def first_ids(machine: MachineGrouping, tracks: Sequence[TrackRow], *, least_number: int = 1) -> RunIds:
    """The ids of an episode's first run: numbers by first appearance."""
    return _ids_of(machine, tracks, [], {}, least_number=least_number, numbers=_numbered(tracks, {}), made={})


def carried_ids(
    machine: MachineGrouping,
    tracks: Sequence[TrackRow],
    earlier: RunIds,
    earlier_tracks: Sequence[TrackRow],
    rules: CarryRules,
    *,
    least_number: int = 1,
) -> RunIds:
    """The ids of a later run, which may be of another profile or model.

    An earlier person passes the id to the group that shares most seconds with them, a retired one to the group with most
    of their tracks. Groups without an earlier self get new numbers, above all that were used and at least `least_number`.
    """
    matches = match_tracks(earlier_tracks, tracks, rules)
    retired = {
        one: tuple(dict.fromkeys(new for track in own for new in matches.get(track, ())))
        for one, own in (*earlier.retired.items(), *earlier.people.items())
    }
    return _ids_of(
        machine,
        tracks,
        _claims_over_runs(machine, tracks, earlier, earlier_tracks, rules),
        retired,
        least_number=max(least_number, earlier.highest_number + 1),
        numbers=_numbered(tracks, _carried_numbers(tracks, earlier, earlier_tracks, rules)),
        made=earlier.made,
    )


def adopted_ids(
    machine: MachineGrouping,
    tracks: Sequence[TrackRow],
    witnesses: Sequence[tuple[IdentityId, Sequence[TrackId]]],
    *,
    made: Mapping[str, IdentityId],
    least_number: int = 1,
) -> RunIds:
    """The ids of a run that was grouped before ids were kept, from what is known of who had which tracks.

    Of the witnesses, the first that speaks for an id or of a group is believed: who spoke before any edit comes first.
    """
    claims: list[Claim] = []
    for place, (one, own) in enumerate(witnesses):
        weights = _shared(machine, _seconds(tracks), {one: own})
        claims += [(float(len(witnesses) - place), one, index) for _, one, index in sorted(weights)[-1:]]
    known = {one: tuple(own) for one, own in reversed(witnesses)}
    numbers = _numbered(tracks, {})
    return _ids_of(machine, tracks, claims, known, least_number=least_number, numbers=numbers, made=made)


def with_people(ids: RunIds, tracks: Sequence[TrackRow]) -> RunIds:
    """The ids with whose each track is in every grouping of the machine that they have, while all `tracks` are there."""
    missing = {key: machine for key, machine in ids.groupings.items() if key not in ids.people_by}
    found = {key: people_of(machine, ids, tracks).identity_of for key, machine in missing.items()}
    return ids.model_copy(update={"people_by": {**ids.people_by, **found}})


def people_of(machine: MachineGrouping, ids: RunIds, tracks: Sequence[TrackRow], *, key: str = "") -> MachinePeople:
    """A grouping's people, by the ids of the run: who shares most seconds with whom the settings' grouping has.

    The forgotten tracks of the ids are among theirs. `key` is of the overrides of the grouping (see `RunIds.people_by`).
    """
    kept = ids.people_by.get(key, {})
    seconds = {**ids.forgotten, **_seconds(tracks)}
    core = {one: [track for track in own if track not in set(ids.rescued)] for one, own in ids.people.items()}
    known = [*ids.people, *ids.retired, *ids.made.values()]
    found = _assign(_shared(machine, seconds, core))
    bare = MachinePeople({}, machine.rescued, ids.numbers, frozenset(known))
    identity_of: dict[str, IdentityId] = {}
    for index, group in enumerate(machine.groups):
        own = [track for track in group if track not in machine.rescued] or list(group)
        longest = min(own, key=lambda track: (-seconds[track], track))
        one = next((kept[track] for track in group if track in kept), None)
        identity_of.update(dict.fromkeys(group, one or found.get(index) or bare.id_of_track(longest)))
    return replace(bare, identity_of=identity_of, erased_in_part=frozenset(ids.erased_in_part))


def _ids_of(
    machine: MachineGrouping,
    tracks: Sequence[TrackRow],
    claims: Iterable[Claim],
    retired: Mapping[IdentityId, Sequence[TrackId]],
    *,
    least_number: int,
    numbers: Mapping[TrackId, int],
    made: Mapping[str, IdentityId],
) -> RunIds:
    groups = machine.groups
    found = _assign(claims)
    found |= _assign(_shared(machine, _seconds(tracks), retired), taken=found)
    start = {track.track_id: track.start_s for track in tracks}
    number = max([least_number - 1, *map(number_of, (*found.values(), *retired, *made.values()))])
    for index in sorted(range(len(groups)), key=lambda index: min((start[track], track) for track in groups[index])):
        if index not in found:
            number += 1
            found[index] = identity_id(number)
    present = set(found.values())
    return RunIds(
        people={found[index]: group for index, group in enumerate(groups)},
        rescued=tuple(sorted(machine.rescued)),
        retired={one: tuple(own) for one, own in sorted(retired.items()) if one not in present and own},
        numbers=numbers,
        made=made,
    )


def _assign(claims: Iterable[Claim], *, taken: Mapping[int, IdentityId] | None = None) -> dict[int, IdentityId]:
    """Group -> id, the strongest claim first; no group and no id twice."""
    has_id = set(taken or ())
    given = set((taken or {}).values())
    found: dict[int, IdentityId] = {}
    for _, one, index in sorted(claims, key=lambda claim: (-claim[0], number_of(claim[1]), claim[1:])):
        if index not in has_id and one not in given:
            found[index] = one
            has_id.add(index)
            given.add(one)
    return found


def _seconds(tracks: Iterable[TrackRow]) -> dict[TrackId, float]:
    """How long each is on screen."""
    return {track.track_id: track.end_s - track.start_s for track in tracks}


def _shared(
    machine: MachineGrouping, seconds: Mapping[TrackId, float], people: Mapping[IdentityId, Sequence[TrackId]]
) -> list[Claim]:
    """What people share with the groups of the same run, leftovers that were rescued into a group left out."""
    group_of = {
        track: index for index, group in enumerate(machine.groups) for track in group if track not in machine.rescued
    }
    shared: dict[tuple[IdentityId, int], float] = {}
    for one, own in people.items():
        for track in own:
            if track in group_of:
                key = (one, group_of[track])
                shared[key] = shared.get(key, 0.0) + seconds[track] + _ALWAYS
    return [(weight, one, index) for (one, index), weight in shared.items()]


def _claims_over_runs(
    machine: MachineGrouping,
    tracks: Sequence[TrackRow],
    earlier: RunIds,
    earlier_tracks: Sequence[TrackRow],
    rules: CarryRules,
) -> list[Claim]:
    """What an earlier run's people share with the groups of another run; too little is nothing."""
    rescued = set(earlier.rescued)
    identity_of = {track: one for one, own in earlier.people.items() for track in own if track not in rescued}
    group_of = {
        track: index for index, group in enumerate(machine.groups) for track in group if track not in machine.rescued
    }
    old_tracks = [track for track in earlier_tracks if track.track_id in identity_of]
    new_tracks = [track for track in tracks if track.track_id in group_of]
    old_seconds: dict[IdentityId, float] = {}
    for track in old_tracks:
        one = identity_of[track.track_id]
        old_seconds[one] = old_seconds.get(one, 0.0) + track.end_s - track.start_s
    new_seconds: dict[int, float] = {}
    for track in new_tracks:
        index = group_of[track.track_id]
        new_seconds[index] = new_seconds.get(index, 0.0) + track.end_s - track.start_s
    shared: dict[tuple[IdentityId, int], float] = {}
    for old, new, seconds in shared_seconds(old_tracks, new_tracks, rules):
        key = (identity_of[old.track_id], group_of[new.track_id])
        shared[key] = shared.get(key, 0.0) + seconds
    return [
        (seconds, one, index)
        for (one, index), seconds in shared.items()
        if seconds >= rules.min_identity_share * min(old_seconds[one], new_seconds[index])
    ]


def _carried_numbers(
    tracks: Sequence[TrackRow], earlier: RunIds, earlier_tracks: Sequence[TrackRow], rules: CarryRules
) -> dict[TrackId, int]:
    """The numbers of tracks that show what an earlier one showed, each number once, to those that share most."""
    pairs = sorted(
        (-seconds, old.track_id, new.track_id) for old, new, seconds in shared_seconds(earlier_tracks, tracks, rules)
    )
    carried: dict[TrackId, int] = {}
    given: set[int] = set()
    for _, old, new in pairs:
        number = earlier.numbers.get(old)
        if number is not None and number not in given and new not in carried:
            carried[new] = number
            given.add(number)
    highest = max(earlier.numbers.values(), default=0)
    for track in sorted(tracks, key=lambda track: (track.start_s, track.track_id)):
        if track.track_id not in carried:
            highest += 1
            carried[track.track_id] = highest
    return carried


def _numbered(tracks: Sequence[TrackRow], known: Mapping[TrackId, int]) -> dict[TrackId, int]:
    """A number for every track: the known ones, or places in order of time."""
    if known:
        return dict(known)
    order = sorted(tracks, key=lambda track: (track.start_s, track.track_id))
    return {track.track_id: place for place, track in enumerate(order, start=1)}
