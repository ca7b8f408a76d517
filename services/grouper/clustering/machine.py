"""What the machine alone makes of an episode's tracks, and who these people are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import PlainSerializer

from contracts.ids import IdentityId, identity_id

FIRST_TRACK_NUMBER = 100_000
"""From here on identities are numbered by a track of theirs: those whom neither the settings' grouping nor an edit made."""

Names = tuple[str, ...]

SortedNames = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str])]
"""Names that are written in order, so that the same grouping is the same bytes."""


def number_of(one: IdentityId) -> int:
    """The number in an identity id; 0 for an id that a track gave."""
    number = int(one.rsplit("-", 1)[1])
    return number if number < FIRST_TRACK_NUMBER else 0


@dataclass(frozen=True)
class MachineGrouping:
    """The machine's grouping as track ids, before any cut, those that operators dropped included.

    The `rescued` are in a cluster that they joined as leftovers; of the `unknown` groups nothing can be said. It depends
    on the tracks, their vectors and the thresholds in force, on no other edit.
    """

    clusters: tuple[Names, ...]
    rescued: SortedNames
    unknown: tuple[Names, ...]

    @property
    def groups(self) -> tuple[Names, ...]:
        """Everybody, known or not."""
        return (*self.clusters, *self.unknown)

    def without(self, tracks: AbstractSet[str]) -> MachineGrouping:
        """The same where tracks are forgotten: everybody else stays with whom they were."""

        def left(groups: Iterable[Names]) -> tuple[Names, ...]:
            kept = (tuple(track for track in group if track not in tracks) for group in groups)
            return tuple(group for group in kept if group)

        return MachineGrouping(clusters=left(self.clusters), rescued=self.rescued - tracks, unknown=left(self.unknown))


@dataclass(frozen=True)
class MachinePeople:
    """The machine's grouping with ids. `numbers` has one for every track, `known_ids` are all that anybody ever had.

    Of the `erased_in_part` some tracks were erased: what is left of them is not all that the machine gave them.
    """

    identity_of: Mapping[str, IdentityId]
    rescued: frozenset[str]
    numbers: Mapping[str, int]
    known_ids: frozenset[IdentityId]
    erased_in_part: frozenset[IdentityId] = frozenset()

    def id_of_track(self, track: str) -> IdentityId:
        """The id of somebody of whom only a track is known."""
        return identity_id(FIRST_TRACK_NUMBER + self.numbers[track])

    def groups(self) -> dict[IdentityId, list[str]]:
        """The tracks of each."""
        found: dict[IdentityId, list[str]] = {}
        for track, one in self.identity_of.items():
            found.setdefault(one, []).append(track)
        return found

    def without(self, tracks: AbstractSet[str]) -> MachinePeople:
        """The same people without tracks of which nothing but the name is left."""
        left = {track: one for track, one in self.identity_of.items() if track not in tracks}
        return replace(self, identity_of=left, rescued=self.rescued - tracks)

    def cut(self, parts: Mapping[str, Sequence[str]]) -> MachinePeople:
        """The same people where tracks are cut: the parts of a track stay with whom it was given to."""
        if not parts:
            return self
        names = {track: tuple(parts.get(track, (track,))) for track in self.identity_of}
        return replace(
            self,
            identity_of={part: one for track, one in self.identity_of.items() for part in names[track]},
            rescued=frozenset(part for track in self.rescued for part in names[track]),
            numbers={part: self._number(track, part) for track in self.identity_of for part in names[track]},
        )

    def _number(self, track: str, part: str) -> int:
        """A part's number: the track's with the last three digits of the part's id after it."""
        own = FIRST_TRACK_NUMBER + self.numbers[track]
        return self.numbers[track] if part == track else 1000 * own + int(part[-3:]) - FIRST_TRACK_NUMBER
