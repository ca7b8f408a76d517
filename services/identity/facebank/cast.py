"""A show's cast as it stands: members, reference pictures, and the answer to the request handled last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.blobs import PictureRef
from contracts.cast import MemberDetails
from contracts.events import PictureVerdict
from contracts.external_ids import ProgrammeIds
from services.identity.facebank.gallery import Reference
from services.identity.privacy.consent import Consent
from services.identity.privacy.tombstones import Tombstones


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The revision that a request made, a verdict on each of its pictures, in order, and what else it is answered."""

    revision: int
    verdicts: tuple[PictureVerdict, ...] = ()
    told: Mapping[str, Any] = field(default_factory=dict)
    """JSON values, by the command's own names."""
    fingerprint: str | None = field(default=None, compare=False)
    """What the request asked for; None where it was stored before there were any."""


@dataclass(frozen=True, kw_only=True)
class Answering:
    """As a facebank names the request it answered last."""

    request: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class Show:
    """A show's facebank: `members` are cast id -> name; `answering` is the request it answered last.

    `consents` says on which legal basis a member is in it, `details` what people said of members besides the name.
    `external_ids` are the show's own. `deleted_at` is when a show of this name was deleted last,
    `is_deleted` whether none was made since.
    """

    show: str
    name: str | None = None
    revision: int = 0
    members: Mapping[str, str] = field(default_factory=dict)
    consents: Mapping[str, Consent] = field(default_factory=dict)
    details: Mapping[str, MemberDetails] = field(default_factory=dict)
    external_ids: ProgrammeIds = field(default_factory=ProgrammeIds)
    erased: Tombstones = field(default_factory=Tombstones)
    answering: Answering | None = None
    deleted_at: datetime | None = None
    is_deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class PictureSource:
    """The face of an episode that a picture is."""

    ep_id: str
    run_id: str
    track_id: str
    face_id: str
    t_s: float


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An accepted reference picture; `ref` is None for those kept before pictures could be shown.

    One with a `source` is a face of an episode; it is `resting`, and nobody is compared with it, while what made it a
    picture of the member does not hold: the command was taken back, or the face is somebody else's.
    """

    cast_id: str
    reference: Reference
    ref: PictureRef | None
    added_at: datetime | None = None
    source: PictureSource | None = None
    resting: bool = False
