"""Which identity has which track, while edits are replayed in the order in which they were made.

The invariant: **identity ids are a function of the machine's grouping and of the edits in force, never of the grouping
before**. The machine's people have their ids by its grouping alone, an edit that makes somebody new carries their id, and
every other edit passes on ids that it finds. So what was undone leaves no trace, and comes back as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from contracts.ids import IdentityId
from services.grouper.edits.track_group import TrackGroup


class WhoIsWho:
    """What edits change. A track that was dropped keeps its identity, for the day when it is restored."""

    def __init__(
        self,
        machine: Mapping[str, IdentityId],
        *,
        seconds: Mapping[str, float],
        known: Collection[IdentityId],
        id_of_track: Callable[[str], IdentityId],
        erased_in_part: Collection[IdentityId] = (),
    ) -> None:
        """
        Args:
            machine: Track -> the identity that the machine gave it to, of all tracks.
            seconds: Track -> how long it is on screen.
            known: Ids that somebody has here, or had in an earlier run.
            id_of_track: The id of somebody new of whom nothing is known but that track, each track's another one.
            erased_in_part: Those some of whose tracks were erased: never are all the tracks of theirs there again.
        """
        self.identity_of = dict(machine)
        self.dropped: set[str] = set()
        self.closed: set[IdentityId] = set()
        self.labels: dict[IdentityId, str | None] = {}
        self._machine = machine
        self._seconds = seconds
        self._known = set(known)
        self._id_of_track = id_of_track
        self._erased_in_part = erased_in_part
        self._tracks_of: dict[IdentityId, set[str]] = {}
        for track, identity in machine.items():
            self._tracks_of.setdefault(identity, set()).add(track)
        self._placed: set[str] = set()
        self._locked: set[IdentityId] = set()
        self._became: dict[IdentityId, IdentityId] = {}
        self._named_last: list[IdentityId] = []

    def identity(self, group: TrackGroup) -> IdentityId | None:
        """Who the group is now: whoever has its id or was united with them, else whoever has most of its tracks."""
        found = self._by_id(group)
        return found if found is not None else self._most(self._here(group.track_ids))

    def holder(self, group: TrackGroup) -> IdentityId | None:
        """Who has the group's tracks that are not dropped: whoever has its id, if they have any, else who has most."""
        held = self._here(group.track_ids) - self.dropped
        own = group.identity_id
        return own if own is not None and held & self._tracks_of.get(own, set()) else self._most(held)

    def tracks(self, group: TrackGroup) -> set[str]:
        """All tracks that the group stands for now."""
        found = self._by_id(group)
        here = self._here(group.track_ids)
        if found is None:
            return here
        return self._tracks_of[found] | (here - self._placed - set(group.brought))

    def give(self, tracks: Iterable[str], identity_id: IdentityId, *, named: Iterable[str] = ()) -> None:
        """The tracks are that identity's from here on; of these, `named` ones that were dropped are somebody again."""
        for track in self._here(tracks):
            self._tracks_of[self.identity_of[track]].discard(track)
            self._tracks_of.setdefault(identity_id, set()).add(track)
            self.identity_of[track] = identity_id
            self._placed.add(track)
        self.dropped.difference_update(named)

    def make(self, tracks: Sequence[str], identity_id: IdentityId | None) -> IdentityId | None:
        """The tracks are one person apart from all others; returns who, None when none of the tracks is here.

        That is somebody new, unless they are all the tracks of one whom the machine has: then it is that one again.
        """
        here = self._here(tracks)
        if not here:
            return None
        new = self._whole(here) or identity_id or self.fresh(here)
        self._known.add(new)
        self.give(here, new, named=tracks)
        return new

    def unite(self, target: TrackGroup, sources: Sequence[TrackGroup]) -> None:
        """All of them are the target."""
        kept = self.identity(target)
        if kept is None:
            return
        gone = {one for source in sources if (one := self.identity(source)) is not None} - {kept}
        for group in (target, *sources):
            self.give(self.tracks(group), kept, named=group.track_ids)
        self.closed -= {kept, *gone}
        self._became.update({one: kept for one in gone if not self._tracks_of[one]})
        if kept not in self.labels:
            named = [one for one in self._named_last if one in gone and self.labels.get(one) is not None]
            if named:
                self.name(kept, self.labels[named[-1]])

    def part(self, first: TrackGroup, second: TrackGroup) -> None:
        """The two are not one person: where they are, whoever's id it is not gets the own one back."""
        shared = self.identity(first)
        if shared is None or shared != self.identity(second):
            return
        ours, theirs = (self._here(group.track_ids) & self._tracks_of[shared] for group in (first, second))
        leaving, leaves = second, theirs - ours
        if first.identity_id != shared and (second.identity_id == shared or self._sum(ours) < self._sum(theirs)):
            leaving, leaves = first, ours - theirs
        if leaves:
            self.give(leaves, self._own_id(leaving, leaves, other_than=shared), named=())

    def lock(self, group: TrackGroup) -> None:
        """The group has these tracks and no others."""
        kept = group.identity_id if group.identity_id in self._known else self.identity(group)
        if kept is None:
            return
        here = self._here(group.track_ids)
        outside = self._tracks_of.get(kept, set()) - here - self.dropped
        for track in sorted(outside):
            if self._machine[track] not in {kept, *self._locked}:
                self.give([track], self._machine[track])
        left = {track for track in outside if self.identity_of[track] == kept}
        if left:
            self.give(left, self.fresh(left, among=here))
        self.give(here, kept, named=group.track_ids)
        self._locked.add(kept)

    def follow(self, newcomers: Collection[str]) -> None:
        """Tracks that no edit could name go where most of the tracks went with which the machine put them."""
        groups: dict[IdentityId, list[str]] = {}
        for track, one in self._machine.items():
            groups.setdefault(one, []).append(track)
        for one, own in groups.items():
            new = [track for track in own if track in newcomers and track not in self._placed]
            old = [track for track in own if track not in newcomers and track not in self.dropped]
            if new and old:
                self.give(new, self.identity(TrackGroup(track_ids=tuple(old))) or one)

    def name(self, identity_id: IdentityId, label: str | None) -> None:
        """What an identity is called."""
        self.labels[identity_id] = label
        self._named_last = [*(one for one in self._named_last if one != identity_id), identity_id]

    def fresh(self, tracks: Iterable[str], *, among: Iterable[str] = ()) -> IdentityId:
        """The id of somebody new whom no edit names: that of the longest track whose id nobody else has.

        Where others have all of theirs, the tracks `among` which they were lend one.
        """
        own = set(tracks)
        order = [*self._longest_first(own), *self._longest_first(among)]
        ids = [self._id_of_track(one) for one in order]
        return next((one for one in ids if self._tracks_of.get(one, set()) <= own), ids[0])

    def _longest_first(self, tracks: Iterable[str]) -> list[str]:
        return sorted(tracks, key=lambda one: (-self._seconds[one], one))

    def _whole(self, tracks: set[str]) -> IdentityId | None:
        """Whom the machine gave exactly these tracks, those that are dropped left out, and who has no others now."""
        people = {self._machine[track] for track in tracks}
        if len(people) > 1 or not people.isdisjoint(self._erased_in_part):
            return None
        one = people.pop()
        theirs = {track for track, other in self._machine.items() if other == one and track not in self.dropped}
        return one if theirs <= tracks and self._tracks_of[one] - self.dropped <= tracks else None

    def _by_id(self, group: TrackGroup) -> IdentityId | None:
        """Whoever has the group's id, or was united with them, and any of its tracks: else ids meant others then."""
        found = group.identity_id
        while found is not None and not self._tracks_of.get(found):
            found = self._became.get(found)
        return found if found is not None and not self._tracks_of[found].isdisjoint(group.track_ids) else None

    def _own_id(self, group: TrackGroup, tracks: set[str], *, other_than: IdentityId) -> IdentityId:
        """The id of the group as it was told, or as the machine has it where nobody else has that now."""
        machines = {self._machine[track] for track in tracks}
        free = [one for one in machines if len(machines) == 1 and not self._tracks_of[one]]
        known = [one for one in (group.identity_id, *free) if one is not None and one in self._known]
        return next((one for one in known if one != other_than), None) or self.fresh(tracks)

    def _most(self, tracks: Iterable[str]) -> IdentityId | None:
        seconds: dict[IdentityId, float] = {}
        for track in sorted(tracks):  # so that sums are the same to the last bit, in whatever process
            one = self.identity_of[track]
            seconds[one] = seconds.get(one, 0.0) + self._seconds[track]
        return min(seconds, key=lambda one: (-seconds[one], one), default=None)

    def _here(self, tracks: Iterable[str]) -> set[str]:
        return {track for track in tracks if track in self.identity_of}

    def _sum(self, tracks: Iterable[str]) -> float:
        return sum(self._seconds[track] for track in sorted(tracks))
