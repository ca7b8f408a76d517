"""What operators decide about who is who, as data: replayed as constraints on every clustering.

Edits name tracks, not clusters: a cluster is what the next clustering makes of it, a track stays. Where two edits
contradict each other the later one holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from contracts.blobs import Contract
from contracts.ids import IdentityId, TrackId

TrackIds = Annotated[tuple[TrackId, ...], Field(min_length=1)]


class TrackGroup(Contract):
    """The tracks of an identity when the edit was made; the identity keeps its id where its tracks are found."""

    identity_id: IdentityId | None = None
    track_ids: TrackIds


class Merge(Contract):
    """All groups are one person, who keeps the target's identity id. Holds against simultaneity too: mirrors exist."""

    kind: Literal["merge"] = "merge"
    target: TrackGroup
    sources: tuple[TrackGroup, ...] = Field(min_length=1)


class Split(Contract):
    """`split_off` is one other person than `kept`."""

    kind: Literal["split"] = "split"
    kept: TrackGroup
    split_off: TrackIds


class MoveTrack(Contract):
    """The tracks belong to `target` and not to `source` (its other tracks).

    Without a target they are a new person of their own, whom only people give more tracks.
    """

    kind: Literal["move_track"] = "move_track"
    track_ids: TrackIds
    source: TrackGroup | None = None
    target: TrackGroup | None = None


class MoveRange(Contract):
    """`[start_s, end_s)` of a track shows another person: the target, or a new one. The track is cut there."""

    kind: Literal["move_range"] = "move_range"
    track_id: TrackId
    start_s: float = Field(ge=0)
    end_s: float = Field(gt=0)
    source: TrackGroup | None = Field(default=None, description="The track's identity, the track among its tracks.")
    target: TrackGroup | None = None


class NotSame(Contract):
    """Nobody of the first group is anybody of the second."""

    kind: Literal["not_same"] = "not_same"
    first: TrackGroup
    second: TrackGroup


class Lock(Contract):
    """The group is complete and right: it stays together and nothing joins it."""

    kind: Literal["lock"] = "lock"
    group: TrackGroup


class Unlock(Contract):
    """Ends every earlier lock of any of the group's tracks."""

    kind: Literal["unlock"] = "unlock"
    group: TrackGroup


class Rename(Contract):
    """What operators call a person who is nobody of the cast; None takes the name away."""

    kind: Literal["rename"] = "rename"
    group: TrackGroup
    label: str | None = Field(default=None, min_length=1, max_length=120)


class Drop(Contract):
    """The tracks are nobody (a poster, a doll): no identity has them."""

    kind: Literal["drop"] = "drop"
    track_ids: TrackIds


class Restore(Contract):
    """Tracks that were dropped are somebody after all."""

    kind: Literal["restore"] = "restore"
    track_ids: TrackIds


class Overrides(Contract):
    """Thresholds that an episode is grouped with instead of those of the settings. Distances are of the embedder."""

    model_config = ConfigDict(extra="forbid")

    merge_distance: float | None = Field(default=None, ge=0.05, le=1.5, description="Of two clusters of one person.")
    farthest_ratio: float | None = Field(default=None, ge=1, le=4, description="Of any two tracks of one person.")
    good_ratio: float | None = Field(default=None, ge=0.1, le=3, description="At which good lone tracks are rescued.")
    poor_ratio: float | None = Field(default=None, ge=0.1, le=3, description="At which poor tracks are rescued.")
    margin_ratio: float | None = Field(default=None, ge=0, le=2, description="How much farther the second nearest is.")


class Recluster(Contract):
    """From here on the episode is grouped with these thresholds; the latest one holds alone."""

    kind: Literal["recluster"] = "recluster"
    overrides: Overrides


Edit = Annotated[
    Merge | Split | MoveTrack | MoveRange | NotSame | Lock | Unlock | Rename | Drop | Restore | Recluster,
    Field(discriminator="kind"),
]


def groups_of(edit: Edit) -> list[TrackGroup]:
    """The identities that an edit speaks of."""
    values = [getattr(edit, name, None) for name in ("target", "source", "kept", "first", "second", "group")]
    return [value for value in [*values, *getattr(edit, "sources", ())] if isinstance(value, TrackGroup)]


def named_tracks(edit: Edit) -> set[str]:
    """Every track an edit names."""
    names = {track for group in groups_of(edit) for track in group.track_ids}
    names.update(getattr(edit, "track_ids", ()), getattr(edit, "split_off", ()))
    if isinstance(edit, MoveRange):
        names.add(edit.track_id)
    return names


def translate_edits(edits: Sequence[Edit], new_ids: Mapping[str, Sequence[str]]) -> tuple[list[Edit], list[Edit]]:
    """Edits in other track ids, and those that could not be kept because none of their tracks is there.

    `new_ids` names the tracks that show the same face at the same time (see `carrying.match_tracks`).
    """
    kept: list[Edit] = []
    lost: list[Edit] = []
    for edit in edits:
        translated = translate_edit(edit, new_ids)
        (lost if translated is None else kept).append(edit if translated is None else translated)
    return kept, lost


def translate_edit(edit: Edit, new_ids: Mapping[str, Sequence[str]]) -> Edit | None:
    """One edit in other track ids; None when what it is about is not there. A time range keeps its track's name."""
    update: dict[str, object] = {}
    for name in ("track_ids", "split_off"):
        if hasattr(edit, name):
            update[name] = _ids(getattr(edit, name), new_ids)
    for name in ("target", "source", "kept", "first", "second", "group"):
        group = getattr(edit, name, None)
        if group is not None:
            update[name] = _group(group, new_ids)
            if update[name] is None and name != "source":
                return None
    if isinstance(edit, Merge):
        update["sources"] = tuple(one for source in edit.sources if (one := _group(source, new_ids)) is not None)
    if any(value == () for value in update.values()):
        return None
    return edit.model_copy(update=update)


def _ids(old: Sequence[str], new_ids: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(new for track in old for new in new_ids.get(track, ())))


def _group(old: TrackGroup, new_ids: Mapping[str, Sequence[str]]) -> TrackGroup | None:
    found = _ids(old.track_ids, new_ids)
    return old.model_copy(update={"track_ids": found}) if found else None
