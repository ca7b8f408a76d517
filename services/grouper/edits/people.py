"""Who is who as operators see it: what their commands are checked against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chassis.errors import Conflict, NotFound
from contracts.ids import IdentityId, identity_id
from contracts.rows import Identity, TrackRow


@dataclass(frozen=True)
class People:
    """Who is who in a grouping. `locked` holds the tracks of locked identities, pending locks among them.

    `machines` has the tracks that the machine gave to each identity; empty where that is not known. `next_number` is
    that of the next new person.
    """

    identities: Mapping[str, Identity]
    tracks: Mapping[str, TrackRow]
    identity_of: Mapping[str, str]
    locked: frozenset[str] = frozenset()
    machines: Mapping[str, frozenset[str]] = field(default_factory=dict)
    next_number: int = 1

    @property
    def new_identity_id(self) -> IdentityId:
        """The id of whoever is made next."""
        return identity_id(self.next_number)

    def identity(self, identity_id: str) -> Identity:
        """Raises NotFound `unknown_identity`."""
        found = self.identities.get(identity_id)
        if found is None:
            raise NotFound("unknown_identity", f"There is no {identity_id} in this grouping: load the clusters again.")
        return found

    def brought(self, identity_id: str, track_ids: Sequence[str]) -> tuple[str, ...]:
        """Those of an identity's tracks that edits brought there: neither the machine nor a rescue did."""
        if not self.machines:
            return ()
        own = self.machines.get(identity_id, frozenset()).union(self.identities[identity_id].rescued_track_ids)
        return tuple(track for track in track_ids if track not in own)

    def known(self, track_ids: Iterable[str]) -> tuple[str, ...]:
        """The tracks, each once.

        Raises:
            NotFound: `unknown_track`.
        """
        unique = tuple(dict.fromkeys(track_ids))
        for track in unique:
            if track not in self.tracks:
                raise NotFound("unknown_track", f"There is no {track} in this grouping: load the clusters again.")
        return unique

    def refuse_locked(self, *groups: Iterable[str]) -> None:
        """Raises Conflict `identity_locked` when one of the tracks is a locked identity's."""
        for track in (track for group in groups for track in group):
            if track in self.locked:
                who = self.identity_of.get(track, "The identity")
                raise Conflict("identity_locked", f"{who} is locked: unlock it before its tracks go or come.")

    def owners(self, track_ids: Iterable[str]) -> list[IdentityId]:
        """The identities that have any of the tracks."""
        return list(dict.fromkeys(self.identity_of[track] for track in track_ids if track in self.identity_of))
