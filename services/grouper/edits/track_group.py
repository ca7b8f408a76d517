"""An identity as edits speak of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from contracts.blobs import Contract
from contracts.ids import IdentityId, TrackId

TrackIds = Annotated[tuple[TrackId, ...], Field(min_length=1)]


class TrackGroup(Contract):
    """An identity that an edit speaks of, with its tracks when the edit was made.

    The edit is about the identity where it is still there, else about the tracks. `brought` are those of the tracks that
    earlier edits had brought there: where these are undone, the edit does not speak of them.
    """

    identity_id: IdentityId | None = None
    track_ids: TrackIds
    brought: tuple[TrackId, ...] = ()
