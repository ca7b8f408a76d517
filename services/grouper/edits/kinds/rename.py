"""Rename: what operators call a person."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from services.grouper.edits.kinds.base import (
    AnIdentity,
    BaseEdit,
    Before,
    EditChange,
    EditRequest,
    Label,
    Translation,
    Why,
    group_in,
    ids_of,
    people_in_words,
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup
from services.grouper.edits.who_is_who import WhoIsWho


class Rename(BaseEdit):
    """What operators call a person who is nobody of the cast; None takes the name away.

    The name is the identity's: where that is not there, nobody else gets it.
    """

    kind: Literal["rename"] = "rename"
    group: TrackGroup
    label: str | None = Field(default=None, min_length=1, max_length=120)

    def groups(self) -> tuple[TrackGroup, ...]:
        return (self.group,)

    def translated(self, new: Translation) -> Self | None:
        group = new.group(self.group)
        return None if group is None else self.model_copy(update={"group": group})

    def replay(self, who: WhoIsWho) -> None:
        named = self.group.identity_id or who.identity(self.group)
        if named is not None:
            who.name(named, self.label)

    def naming(self) -> tuple[TrackGroup, str | None]:
        return self.group, self.label

    def change(self, before: Before) -> EditChange:
        return EditChange(label_before=before.label_of(self.group), label=self.label)

    def sentence(self, change: EditChange) -> str:
        was, now = (f'"{label}"' if label else "no name" for label in (change.label_before, change.label))
        return f"rename of {people_in_words(ids_of(self.group))} from {was} to {now}"


class RenameCluster(EditRequest):
    """What to call a person who is nobody of the cast; null takes the name away."""

    kind: Literal["rename"] = "rename"
    identity_id: AnIdentity
    label: Label
    why: Why = None

    def edit(self, people: People) -> Rename:
        return Rename(group=group_in(people, self.identity_id), label=self.label)
