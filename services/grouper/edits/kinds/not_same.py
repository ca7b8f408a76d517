"""Not the same: two identities are never one person."""

from __future__ import annotations

from typing import Literal, Self

from chassis.errors import BadInput
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
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup
from services.grouper.edits.who_is_who import WhoIsWho


class NotSame(BaseEdit):
    """Nobody of the first group is anybody of the second."""

    kind: Literal["not_same"] = "not_same"
    first: TrackGroup
    second: TrackGroup

    def groups(self) -> tuple[TrackGroup, ...]:
        return (self.first, self.second)

    def translated(self, new: Translation) -> Self | None:
        first, second = new.group(self.first), new.group(self.second)
        return self.model_copy(update={"first": first, "second": second}) if first and second else None

    def replay(self, who: WhoIsWho) -> None:
        who.part(self.first, self.second)

    def apart(self) -> tuple[Tracks, Tracks]:
        return self.first.track_ids, self.second.track_ids

    def sentence(self, change: EditChange) -> str:
        return f"{' and '.join(ids_of(*self.groups()))} kept apart"


class KeepApart(EditRequest):
    """The two are never one person."""

    kind: Literal["not_same"] = "not_same"
    first: AnIdentity
    second: AnIdentity
    why: Why = None

    def edit(self, people: People) -> NotSame:
        if self.first == self.second:
            raise BadInput("same_identity", "Name two different identities.")
        return NotSame(first=group_in(people, self.first), second=group_in(people, self.second))
