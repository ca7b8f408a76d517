"""What every kind of edit says of itself, and what every command is turned into one with."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contracts.blobs import Contract
from contracts.ids import IdentityId, TrackId
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackGroup
from services.grouper.edits.who_is_who import WhoIsWho

MOST_NAMED = 3
"""Tracks that a sentence names one by one; of more it tells the number."""

Tracks = Sequence[str]

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")]
Why = Annotated[Line | None, Field(max_length=500, description="Why, for whoever reads the log.")]
Label = Annotated[Line | None, Field(max_length=120)]
AnIdentity = Annotated[IdentityId, Field(max_length=20, examples=["identity-00001"])]
ATrack = Annotated[TrackId, Field(max_length=60, examples=["track-00000-001"])]
SomeTracks = Annotated[tuple[ATrack, ...], Field(min_length=1, max_length=5000)]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


@dataclass(frozen=True)
class Translation:
    """Track ids of one run and cut in those of another; a track that is not there has none."""

    new_ids: Mapping[str, Sequence[str]]

    def tracks(self, old: Sequence[str]) -> tuple[str, ...]:
        """All tracks that show what the old ones show, each once."""
        return tuple(dict.fromkeys(new for track in old for new in self.new_ids.get(track, ())))

    def group(self, old: TrackGroup) -> TrackGroup | None:
        """The group in the new ids; None when none of its tracks is there."""
        found = self.tracks(old.track_ids)
        return old.model_copy(update={"track_ids": found, "brought": self.tracks(old.brought)}) if found else None


class Overrides(Contract):
    """Thresholds that an episode is grouped with instead of those of the settings. Distances are of the embedder."""

    model_config = ConfigDict(extra="forbid")

    merge_distance: float | None = Field(default=None, ge=0.05, le=1.5, description="Of two clusters of one person.")
    farthest_ratio: float | None = Field(default=None, ge=1, le=4, description="Of any two tracks of one person.")
    good_ratio: float | None = Field(default=None, ge=0.1, le=3, description="At which good lone tracks are rescued.")
    poor_ratio: float | None = Field(default=None, ge=0.1, le=3, description="At which poor tracks are rescued.")
    margin_ratio: float | None = Field(default=None, ge=0, le=2, description="How much farther the second nearest is.")

    @property
    def key(self) -> str:
        """The same text for the same overrides."""
        return self.model_dump_json(exclude_none=True)


class EditChange(BaseModel):
    """What the edit changed when it was made; undoing it takes that back. What its kind does not change is empty."""

    source_ids: tuple[IdentityId, ...] = Field(
        default=(), description="merge: who went into the target; split and moves: who lost the tracks, if it was one."
    )
    target_id: IdentityId | None = Field(
        default=None, description="merge and moves: who has the tracks since; null for somebody new."
    )
    track_ids: tuple[TrackId, ...] = Field(
        default=(), description="The tracks that were split off, moved, dropped or restored."
    )
    start_s: float | None = Field(default=None, description="move_range: from this second of the episode on.")
    end_s: float | None = Field(default=None, description="move_range: up to this second.")
    label_before: str | None = Field(default=None, description="rename: what they were called before.")
    label: str | None = Field(default=None, description="rename: what they are called since.")
    overrides_before: Overrides | None = Field(default=None, description="recluster: the thresholds before.")
    overrides: Overrides | None = Field(default=None, description="recluster: the thresholds since.")


class Before(Protocol):
    """How it was when an edit was made."""

    def label_of(self, group: TrackGroup) -> str | None: ...

    def overrides(self) -> Overrides: ...


class BaseEdit(Contract):
    """One decision of an operator. A kind overrides what it has to say; the rest of the system asks it.

    Every subclass has a literal field `kind`.
    """

    def groups(self) -> tuple[TrackGroup, ...]:
        """The identities that it speaks of."""
        return ()

    def own_tracks(self) -> Tracks:
        """The tracks that it names besides those of the groups."""
        return ()

    def named_tracks(self) -> frozenset[str]:
        """Every track that it names."""
        return frozenset([*self.own_tracks(), *(track for group in self.groups() for track in group.track_ids)])

    @abstractmethod
    def translated(self, new: Translation) -> Self | None:
        """The same about the tracks of another run; None when what it is about is not there."""

    def replay(self, who: WhoIsWho) -> None:
        """Make of who is who what it says, after all that was said before it."""

    def stretch(self) -> tuple[str, float, float] | None:
        """A track and the seconds from and to between which it is to be a track of its own."""
        return None

    def of_stretch(self, tracks: tuple[str, ...]) -> BaseEdit | None:
        """What it says of the tracks that its stretch has become; None where there are none."""
        return self

    def together(self) -> Tracks:
        """Tracks that are one person, as it says."""
        return ()

    def apart(self) -> tuple[Tracks, Tracks]:
        """Tracks of which none is the same person as any of the others, as it says."""
        return (), ()

    def placed_tracks(self) -> Tracks:
        """Tracks that it puts somewhere: whose they are is an operator's word."""
        return ()

    def locks(self) -> TrackGroup | None:
        """An identity that nothing joins or leaves any more."""
        return None

    def unlocks(self) -> TrackGroup | None:
        """An identity of whose tracks all earlier locks end."""
        return None

    def thresholds(self) -> Overrides | None:
        """The thresholds that it sets for the whole episode."""
        return None

    def naming(self) -> tuple[TrackGroup, str | None] | None:
        """Whom it names, and how; None for the name means that it takes theirs away."""
        return None

    def makes_somebody(self) -> bool:
        """Whether a new person comes of it."""
        return False

    def with_new_identity(self, identity_id: IdentityId) -> Self:
        """The same, where it makes a new person and says nothing of their id, with that id."""
        if not self.makes_somebody() or self.new_identity() is not None:
            return self
        return self.model_copy(update={"new_id": identity_id})

    def new_identity(self) -> IdentityId | None:
        """The id of the person whom it makes."""
        return None

    def change(self, before: Before) -> EditChange:
        """What it changed, from what to what."""
        return EditChange()

    @abstractmethod
    def sentence(self, change: EditChange) -> str:
        """What it is in a few words: "merge of ... into ...". `change` is its own."""


class EditRequest(BaseModel):
    """A command as a caller sends it, in the identity ids that the caller reads. Every subclass has a literal `kind`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @abstractmethod
    def edit(self, people: People) -> BaseEdit:
        """The edit that the command is, with the tracks of now.

        Raises:
            NotFound: `unknown_identity`, `unknown_track`.
            Conflict: `identity_locked`, `not_locked`.
            BadInput: for a command that contradicts itself.
        """


def group_in(people: People, identity_id: str) -> TrackGroup:
    """An identity with its tracks of now. Raises NotFound `unknown_identity`."""
    found = people.identity(identity_id)
    return TrackGroup(
        identity_id=identity_id, track_ids=found.track_ids, brought=people.brought(identity_id, found.track_ids)
    )


def owners_in(people: People, track_ids: Sequence[str]) -> TrackGroup | None:
    """Who has the tracks now: one identity, or several taken together; None when nobody has any."""
    ids = people.owners(track_ids)
    if not ids:
        return None
    if len(ids) == 1:
        return group_in(people, ids[0])
    return TrackGroup(track_ids=tuple(track for one in ids for track in people.identities[one].track_ids))


def without(group: TrackGroup, tracks: Sequence[str]) -> tuple[str, ...]:
    """A group's tracks but for some."""
    gone = set(tracks)
    return tuple(track for track in group.track_ids if track not in gone)


def ids_of(*groups: TrackGroup | None) -> tuple[IdentityId, ...]:
    """The identity ids of those groups that are one identity."""
    return tuple(group.identity_id for group in groups if group is not None and group.identity_id is not None)


def people_in_words(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "somebody"


def tracks_in_words(tracks: Sequence[str]) -> str:
    return ", ".join(tracks) if len(tracks) <= MOST_NAMED else f"{len(tracks)} tracks"
