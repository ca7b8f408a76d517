"""Moves: tracks, or a time range of one, belong to somebody else."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field

from chassis.errors import BadInput
from contracts.ids import IdentityId, TrackId
from services.grouper.edits.kinds.base import (
    AnIdentity,
    ATrack,
    BaseEdit,
    EditChange,
    EditRequest,
    Seconds,
    SomeTracks,
    Tracks,
    Translation,
    Why,
    group_in,
    ids_of,
    owners_in,
    people_in_words,
    tracks_in_words,
    without,
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup, TrackIds
from services.grouper.edits.who_is_who import WhoIsWho


class _Move(BaseEdit):
    """What moving has in common: from whom to whom. Without a target to a new person, `new_id`."""

    source: TrackGroup | None = None
    target: TrackGroup | None = None
    new_id: IdentityId | None = None

    def groups(self) -> tuple[TrackGroup, ...]:
        return tuple(group for group in (self.target, self.source) if group is not None)

    def translated(self, new: Translation) -> Self | None:
        target = None if self.target is None else new.group(self.target)
        if self.target is not None and target is None:
            return None
        source = None if self.source is None else new.group(self.source)
        return self.model_copy(update={"source": source, "target": target})

    def makes_somebody(self) -> bool:
        return self.target is None

    def new_identity(self) -> IdentityId | None:
        return self.new_id

    def _to(self, change: EditChange) -> str:
        whose = f" from {people_in_words(change.source_ids)}" if change.source_ids else ""
        return f"{tracks_in_words(change.track_ids)}{whose} to {change.target_id or 'somebody new'}"

    def _from_to(self) -> EditChange:
        target = self.target.identity_id if self.target is not None else None
        return EditChange(source_ids=ids_of(self.source), target_id=target, track_ids=tuple(self.own_tracks()))


class MoveTrack(_Move):
    """The tracks belong to `target` and not to `source` (its other tracks).

    Without a target they are a new person of their own, whom only people give more tracks.
    """

    kind: Literal["move_track"] = "move_track"
    track_ids: TrackIds

    def own_tracks(self) -> Tracks:
        return self.track_ids

    def translated(self, new: Translation) -> Self | None:
        moved, track_ids = super().translated(new), new.tracks(self.track_ids)
        return moved.model_copy(update={"track_ids": track_ids}) if moved is not None and track_ids else None

    def replay(self, who: WhoIsWho) -> None:
        if self.target is None:
            made = who.make(self.track_ids, self.new_id)
            who.closed.update([made] if made is not None else [])
            return
        target = who.identity(self.target)
        if target is not None:
            who.give(self.track_ids, target, named=self.track_ids)

    def together(self) -> Tracks:
        if self.target is None:
            return self.track_ids
        return [*self.track_ids, *without(self.target, self.target.brought)]

    def apart(self) -> tuple[Tracks, Tracks]:
        if self.source is None:
            return (), ()
        target = self.target.track_ids if self.target is not None else ()
        return self.track_ids, without(self.source, (*self.track_ids, *target))

    def placed_tracks(self) -> Tracks:
        return (*self.track_ids, *(self.target.track_ids if self.target is not None else ()))

    def change(self, before: object) -> EditChange:
        return self._from_to()

    def sentence(self, change: EditChange) -> str:
        return f"move of {self._to(change)}"


class MoveRange(_Move):
    """`[start_s, end_s)` of a track shows another person: the target, or a new one. The track is cut there.

    It is replayed as the moving of the track that the stretch has become. `source` has the track among its tracks.
    """

    kind: Literal["move_range"] = "move_range"
    track_id: TrackId
    start_s: float = Field(ge=0)
    end_s: float = Field(gt=0)

    def own_tracks(self) -> Tracks:
        return (self.track_id,)

    def stretch(self) -> tuple[str, float, float]:
        return self.track_id, self.start_s, self.end_s

    def of_stretch(self, tracks: tuple[str, ...]) -> MoveTrack | None:
        if not tracks:
            return None
        source = self.source or TrackGroup(track_ids=(self.track_id,))
        rest = tuple(dict.fromkeys((*source.track_ids, self.track_id)))
        source = source.model_copy(update={"track_ids": rest})
        return MoveTrack(track_ids=tracks, source=source, target=self.target, new_id=self.new_id)

    def change(self, before: object) -> EditChange:
        return self._from_to().model_copy(update={"start_s": self.start_s, "end_s": self.end_s})

    def sentence(self, change: EditChange) -> str:
        return f"move of {self.start_s:g}-{self.end_s:g} s of {self._to(change)}"


class MoveTracks(EditRequest):
    """The tracks belong to the target, or to a new person (null), and not to the source; by default who has them."""

    kind: Literal["move_tracks"] = "move_tracks"
    track_ids: SomeTracks
    source: AnIdentity | None = None
    target: AnIdentity | None = None
    why: Why = None

    def edit(self, people: People) -> MoveTrack:
        tracks = people.known(self.track_ids)
        target = None if self.target is None else group_in(people, self.target)
        source = owners_in(people, tracks) if self.source is None else group_in(people, self.source)
        if target is not None and set(tracks) <= set(target.track_ids):
            raise BadInput("already_there", f"{self.target} has these tracks already.")
        people.refuse_locked(tracks, target.track_ids if target is not None else ())
        new_id = people.new_identity_id if target is None else None
        return MoveTrack(track_ids=tracks, source=source, target=target, new_id=new_id)


class MoveTimeRange(EditRequest):
    """`[start_s, end_s)` of the track shows the target, or a new person (null)."""

    kind: Literal["move_range"] = "move_range"
    track_id: ATrack
    start_s: Seconds
    end_s: Seconds
    target: AnIdentity | None = None
    why: Why = None

    def edit(self, people: People) -> MoveRange:
        (track_id,) = people.known([self.track_id])
        track = people.tracks[track_id]
        target = None if self.target is None else group_in(people, self.target)
        if min(track.end_s, self.end_s) <= max(track.start_s, self.start_s):
            seen = f"{track_id} is on screen from {track.start_s} to {track.end_s} s: choose a part of that."
            raise BadInput("outside_track", seen)
        if target is not None and track_id in target.track_ids:
            raise BadInput("already_there", f"{self.target} has this track already.")
        people.refuse_locked([track_id], target.track_ids if target is not None else ())
        return MoveRange(
            track_id=track_id,
            start_s=self.start_s,
            end_s=self.end_s,
            source=owners_in(people, [track_id]),
            target=target,
            new_id=people.new_identity_id if target is None else None,
        )
