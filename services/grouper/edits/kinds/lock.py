"""Lock and unlock: an identity is complete and right, or may change again."""

from __future__ import annotations

from typing import Literal, Self

from chassis.errors import Conflict
from services.grouper.edits.kinds.base import (
    AnIdentity,
    BaseEdit,
    EditChange,
    EditRequest,
    Tracks,
    Translation,
    Why,
    group_in,
    ids_of,
    people_in_words,
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup
from services.grouper.edits.who_is_who import WhoIsWho


class _OfOneGroup(BaseEdit):
    group: TrackGroup

    def groups(self) -> tuple[TrackGroup, ...]:
        return (self.group,)

    def translated(self, new: Translation) -> Self | None:
        group = new.group(self.group)
        return None if group is None else self.model_copy(update={"group": group})


class Lock(_OfOneGroup):
    """The group is complete and right: it stays together and nothing joins it."""

    kind: Literal["lock"] = "lock"

    def replay(self, who: WhoIsWho) -> None:
        who.lock(self.group)

    def together(self) -> Tracks:
        return self.group.track_ids

    def placed_tracks(self) -> Tracks:
        return self.group.track_ids

    def locks(self) -> TrackGroup:
        return self.group

    def sentence(self, change: EditChange) -> str:
        return f"lock of {people_in_words(ids_of(self.group))}"


class Unlock(_OfOneGroup):
    """Ends every earlier lock of any of the group's tracks."""

    kind: Literal["unlock"] = "unlock"

    def unlocks(self) -> TrackGroup:
        return self.group

    def sentence(self, change: EditChange) -> str:
        return f"unlock of {people_in_words(ids_of(self.group))}"


class LockCluster(EditRequest):
    """The identity is complete and right: nothing joins or leaves it."""

    kind: Literal["lock"] = "lock"
    identity_id: AnIdentity
    why: Why = None

    def edit(self, people: People) -> Lock:
        return Lock(group=group_in(people, self.identity_id))


class UnlockCluster(EditRequest):
    """The identity may change again."""

    kind: Literal["unlock"] = "unlock"
    identity_id: AnIdentity
    why: Why = None

    def edit(self, people: People) -> Unlock:
        group = group_in(people, self.identity_id)
        if not people.locked.intersection(group.track_ids):
            raise Conflict("not_locked", f"{self.identity_id} is not locked.")
        return Unlock(group=group)
