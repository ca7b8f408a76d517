"""What operators ask for, in identity ids as they read them, and the edits that this is with the tracks of now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chassis.errors import BadInput, Conflict, NotFound
from contracts.ids import IdentityId, TrackId
from contracts.rows import Identity, TrackRow
from services.grouper.edits.kinds import (
    Drop,
    Edit,
    Lock,
    Merge,
    MoveRange,
    MoveTrack,
    NotSame,
    Overrides,
    Recluster,
    Rename,
    Restore,
    Split,
    TrackGroup,
    Unlock,
)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
Why = Annotated[Line | None, Field(max_length=500, description="Why, for whoever reads the log.")]
Label = Annotated[Line | None, Field(max_length=120)]
AnIdentity = Annotated[IdentityId, Field(max_length=20, examples=["identity-00001"])]
ATrack = Annotated[TrackId, Field(max_length=60, examples=["track-00000-001"])]
Tracks = Annotated[tuple[ATrack, ...], Field(min_length=1, max_length=5000)]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class EditRequest(BaseModel):
    """Base of what operators send: checked to the last field, and nothing that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MergeClusters(EditRequest):
    """All of them are one person, who keeps the target's id."""

    kind: Literal["merge"] = "merge"
    target: AnIdentity
    sources: Annotated[tuple[AnIdentity, ...], Field(min_length=1, max_length=200)]
    why: Why = None


class SplitCluster(EditRequest):
    """The tracks are one other person than the rest of the identity."""

    kind: Literal["split"] = "split"
    identity_id: AnIdentity
    track_ids: Tracks
    why: Why = None


class MoveTracks(EditRequest):
    """The tracks belong to the target, or to a new person (null), and not to the source; by default who has them."""

    kind: Literal["move_tracks"] = "move_tracks"
    track_ids: Tracks
    source: AnIdentity | None = None
    target: AnIdentity | None = None
    why: Why = None


class MoveTimeRange(EditRequest):
    """`[start_s, end_s)` of the track shows the target, or a new person (null)."""

    kind: Literal["move_range"] = "move_range"
    track_id: ATrack
    start_s: Seconds
    end_s: Seconds
    target: AnIdentity | None = None
    why: Why = None


class KeepApart(EditRequest):
    """The two are never one person."""

    kind: Literal["not_same"] = "not_same"
    first: AnIdentity
    second: AnIdentity
    why: Why = None


class LockCluster(EditRequest):
    """The identity is complete and right: nothing joins or leaves it."""

    kind: Literal["lock"] = "lock"
    identity_id: AnIdentity
    why: Why = None


class UnlockCluster(EditRequest):
    """The identity may change again."""

    kind: Literal["unlock"] = "unlock"
    identity_id: AnIdentity
    why: Why = None


class DropTracks(EditRequest):
    """The tracks are nobody."""

    kind: Literal["drop"] = "drop"
    track_ids: Tracks
    why: Why = None


class RestoreTracks(EditRequest):
    """Dropped tracks are somebody after all."""

    kind: Literal["restore"] = "restore"
    track_ids: Tracks
    why: Why = None


class RenameCluster(EditRequest):
    """What to call a person who is nobody of the cast; null takes the name away."""

    kind: Literal["rename"] = "rename"
    identity_id: AnIdentity
    label: Label
    why: Why = None


class ReclusterEpisode(EditRequest):
    """Group with other thresholds from here on; an empty object goes back to those of the settings."""

    kind: Literal["recluster"] = "recluster"
    overrides: Overrides
    why: Why = None


Command = Annotated[
    MergeClusters
    | SplitCluster
    | MoveTracks
    | MoveTimeRange
    | KeepApart
    | LockCluster
    | UnlockCluster
    | DropTracks
    | RestoreTracks
    | RenameCluster
    | ReclusterEpisode,
    Field(discriminator="kind"),
]


@dataclass(frozen=True)
class People:
    """Who is who as operators see it. `locked` holds the tracks of locked identities, pending locks among them."""

    identities: Mapping[str, Identity]
    tracks: Mapping[str, TrackRow]
    identity_of: Mapping[str, str]
    locked: frozenset[str] = frozenset()

    def group(self, identity_id: str) -> TrackGroup:
        """An identity with its tracks of now.

        Raises:
            NotFound: `unknown_identity`.
        """
        found = self.identities.get(identity_id)
        if found is None:
            raise NotFound("unknown_identity", f"There is no {identity_id} in this grouping: load the clusters again.")
        return TrackGroup(identity_id=identity_id, track_ids=found.track_ids)

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

    def owners(self, track_ids: Iterable[str]) -> TrackGroup | None:
        """Who has the tracks now: one identity, or several taken together; None when nobody has any."""
        ids = list(dict.fromkeys(self.identity_of[track] for track in track_ids if track in self.identity_of))
        if not ids:
            return None
        tracks = tuple(track for one in ids for track in self.identities[one].track_ids)
        return TrackGroup(identity_id=ids[0] if len(ids) == 1 else None, track_ids=tracks)


def edit_of(command: Command, people: People) -> Edit:
    """The edit that a command is.

    Raises:
        NotFound: `unknown_identity`, `unknown_track`.
        Conflict: `identity_locked`, `not_locked`.
        BadInput: for a command that contradicts itself.
    """
    if isinstance(command, ReclusterEpisode):
        return Recluster(overrides=command.overrides)
    if isinstance(command, RestoreTracks):
        return Restore(track_ids=people.known(command.track_ids))
    if isinstance(command, RenameCluster):
        return Rename(group=people.group(command.identity_id), label=command.label)
    if isinstance(command, LockCluster):
        return Lock(group=people.group(command.identity_id))
    if isinstance(command, UnlockCluster):
        return _unlock(command, people)
    if isinstance(command, KeepApart):
        if command.first == command.second:
            raise BadInput("same_identity", "Name two different identities.")
        return NotSame(first=people.group(command.first), second=people.group(command.second))
    return _moving(command, people)


def _moving(command: MergeClusters | SplitCluster | MoveTracks | MoveTimeRange | DropTracks, people: People) -> Edit:
    """The edits that give tracks to somebody else, which locks forbid."""
    if isinstance(command, MergeClusters):
        return _merge(command, people)
    if isinstance(command, SplitCluster):
        return _split(command, people)
    if isinstance(command, MoveTracks):
        return _move_tracks(command, people)
    if isinstance(command, MoveTimeRange):
        return _move_range(command, people)
    dropped = people.known(command.track_ids)
    people.refuse_locked(dropped)
    return Drop(track_ids=dropped)


def _unlock(command: UnlockCluster, people: People) -> Unlock:
    group = people.group(command.identity_id)
    if not people.locked.intersection(group.track_ids):
        raise Conflict("not_locked", f"{command.identity_id} is not locked.")
    return Unlock(group=group)


def _merge(command: MergeClusters, people: People) -> Merge:
    target = people.group(command.target)
    names = tuple(dict.fromkeys(command.sources))
    if command.target in names:
        raise BadInput("same_identity", f"{command.target} cannot be merged with itself: leave it out of the sources.")
    sources = tuple(people.group(name) for name in names)
    people.refuse_locked(target.track_ids, *(source.track_ids for source in sources))
    return Merge(target=target, sources=sources)


def _split(command: SplitCluster, people: People) -> Split:
    kept = people.group(command.identity_id)
    split_off = people.known(command.track_ids)
    if not set(split_off) < set(kept.track_ids):
        raise BadInput("not_a_part", f"Name some of the tracks of {command.identity_id}, not all and no others.")
    people.refuse_locked(kept.track_ids)
    return Split(kept=kept, split_off=split_off)


def _move_tracks(command: MoveTracks, people: People) -> MoveTrack:
    tracks = people.known(command.track_ids)
    target = None if command.target is None else people.group(command.target)
    source = people.owners(tracks) if command.source is None else people.group(command.source)
    if target is not None and set(tracks) <= set(target.track_ids):
        raise BadInput("already_there", f"{command.target} has these tracks already.")
    people.refuse_locked(tracks, target.track_ids if target is not None else ())
    return MoveTrack(track_ids=tracks, source=source, target=target)


def _move_range(command: MoveTimeRange, people: People) -> MoveRange:
    (track_id,) = people.known([command.track_id])
    track = people.tracks[track_id]
    target = None if command.target is None else people.group(command.target)
    if min(track.end_s, command.end_s) <= max(track.start_s, command.start_s):
        raise BadInput(
            "outside_track", f"{track_id} is on screen from {track.start_s} to {track.end_s} s: choose a part of that."
        )
    if target is not None and track_id in target.track_ids:
        raise BadInput("already_there", f"{command.target} has this track already.")
    people.refuse_locked([track_id], target.track_ids if target is not None else ())
    return MoveRange(
        track_id=track_id,
        start_s=command.start_s,
        end_s=command.end_s,
        source=people.owners([track_id]),
        target=target,
    )
