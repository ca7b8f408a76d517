"""Merge: several identities are one person."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

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
    people_in_words,
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup
from services.grouper.edits.who_is_who import WhoIsWho


class Merge(BaseEdit):
    """All groups are one person, who keeps the target's identity id. Holds against simultaneity too: mirrors exist."""

    kind: Literal["merge"] = "merge"
    target: TrackGroup
    sources: tuple[TrackGroup, ...] = Field(min_length=1)

    def groups(self) -> tuple[TrackGroup, ...]:
        return (self.target, *self.sources)

    def translated(self, new: Translation) -> Self | None:
        found = [one for group in self.groups() if (one := new.group(group)) is not None]
        if len(found) < 2:
            return None
        target, *sources = found  # where the target's own tracks are not there, the others are one person all the same
        return self.model_copy(update={"target": target, "sources": tuple(sources)})

    def replay(self, who: WhoIsWho) -> None:
        who.unite(self.target, self.sources)

    def together(self) -> Tracks:
        return [track for group in self.groups() for track in group.track_ids if track not in group.brought]

    def placed_tracks(self) -> Tracks:
        return [track for group in self.groups() for track in group.track_ids]

    def change(self, before: object) -> EditChange:
        return EditChange(source_ids=ids_of(*self.sources), target_id=self.target.identity_id)

    def sentence(self, change: EditChange) -> str:
        return f"merge of {people_in_words(change.source_ids)} into {change.target_id}"


class MergeClusters(EditRequest):
    """All of them are one person, who keeps the target's id."""

    kind: Literal["merge"] = "merge"
    target: AnIdentity
    sources: Annotated[tuple[AnIdentity, ...], Field(min_length=1, max_length=200)]
    why: Why = None

    def edit(self, people: People) -> Merge:
        target = group_in(people, self.target)
        names = tuple(dict.fromkeys(self.sources))
        if self.target in names:
            raise BadInput("same_identity", f"{self.target} cannot be merged with itself: leave it out of the sources.")
        sources = tuple(group_in(people, name) for name in names)
        people.refuse_locked(target.track_ids, *(source.track_ids for source in sources))
        return Merge(target=target, sources=sources)
