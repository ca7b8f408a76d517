"""Split: some tracks of an identity are one other person."""

from __future__ import annotations

from typing import Literal, Self

from chassis.errors import BadInput
from contracts.ids import IdentityId
from services.grouper.edits.kinds.base import (
    AnIdentity,
    BaseEdit,
    EditChange,
    EditRequest,
    SomeTracks,
    Tracks,
    Translation,
    Why,
    group_in,
    ids_of,
    people_in_words,
    tracks_in_words,
    without,
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup, TrackIds
from services.grouper.edits.who_is_who import WhoIsWho


class Split(BaseEdit):
    """`split_off` is one other person than `kept`, whose id is `new_id`."""

    kind: Literal["split"] = "split"
    kept: TrackGroup
    split_off: TrackIds
    new_id: IdentityId | None = None

    def groups(self) -> tuple[TrackGroup, ...]:
        return (self.kept,)

    def own_tracks(self) -> Tracks:
        return self.split_off

    def translated(self, new: Translation) -> Self | None:
        kept, split_off = new.group(self.kept), new.tracks(self.split_off)
        return self.model_copy(update={"kept": kept, "split_off": split_off}) if kept and split_off else None

    def replay(self, who: WhoIsWho) -> None:
        who.make(self.split_off, self.new_id)

    def together(self) -> Tracks:
        return self.split_off

    def apart(self) -> tuple[Tracks, Tracks]:
        return self.split_off, without(self.kept, self.split_off)

    def placed_tracks(self) -> Tracks:
        return (*self.kept.track_ids, *self.split_off)

    def makes_somebody(self) -> bool:
        return True

    def new_identity(self) -> IdentityId | None:
        return self.new_id

    def change(self, before: object) -> EditChange:
        return EditChange(source_ids=ids_of(self.kept), track_ids=self.split_off)

    def sentence(self, change: EditChange) -> str:
        return f"split of {tracks_in_words(change.track_ids)} off {people_in_words(change.source_ids)}"


class SplitCluster(EditRequest):
    """The tracks are one other person than the rest of the identity."""

    kind: Literal["split"] = "split"
    identity_id: AnIdentity
    track_ids: SomeTracks
    why: Why = None

    def edit(self, people: People) -> Split:
        kept = group_in(people, self.identity_id)
        split_off = people.known(self.track_ids)
        if not set(split_off) < set(kept.track_ids):
            raise BadInput("not_a_part", f"Name some of the tracks of {self.identity_id}, not all and no others.")
        people.refuse_locked(kept.track_ids)
        return Split(kept=kept, split_off=split_off, new_id=people.new_identity_id)
