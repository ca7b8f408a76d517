"""Drop and restore: tracks that show nobody, a poster or a doll."""

from __future__ import annotations

from typing import Literal, Self

from services.grouper.edits.kinds.base import (
    BaseEdit,
    EditChange,
    EditRequest,
    SomeTracks,
    Tracks,
    Translation,
    Why,
    tracks_in_words,
)
from services.grouper.edits.people import People
from services.grouper.edits.track_group import TrackIds
from services.grouper.edits.who_is_who import WhoIsWho


class _OfTracks(BaseEdit):
    track_ids: TrackIds

    def own_tracks(self) -> Tracks:
        return self.track_ids

    def translated(self, new: Translation) -> Self | None:
        found = new.tracks(self.track_ids)
        return self.model_copy(update={"track_ids": found}) if found else None

    def change(self, before: object) -> EditChange:
        return EditChange(track_ids=self.track_ids)


class Drop(_OfTracks):
    """The tracks are nobody (a poster, a doll): no identity has them."""

    kind: Literal["drop"] = "drop"

    def replay(self, who: WhoIsWho) -> None:
        who.dropped.update(self.track_ids)

    def sentence(self, change: EditChange) -> str:
        return f"drop of {tracks_in_words(change.track_ids)}"


class Restore(_OfTracks):
    """Tracks that were dropped are somebody after all."""

    kind: Literal["restore"] = "restore"

    def replay(self, who: WhoIsWho) -> None:
        who.dropped.difference_update(self.track_ids)

    def sentence(self, change: EditChange) -> str:
        return f"restore of {tracks_in_words(change.track_ids)}"


class DropTracks(EditRequest):
    """The tracks are nobody."""

    kind: Literal["drop"] = "drop"
    track_ids: SomeTracks
    why: Why = None

    def edit(self, people: People) -> Drop:
        dropped = people.known(self.track_ids)
        people.refuse_locked(dropped)
        return Drop(track_ids=dropped)


class RestoreTracks(EditRequest):
    """Dropped tracks are somebody after all."""

    kind: Literal["restore"] = "restore"
    track_ids: SomeTracks
    why: Why = None

    def edit(self, people: People) -> Restore:
        return Restore(track_ids=people.known(self.track_ids))
