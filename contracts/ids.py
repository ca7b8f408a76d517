"""Identifiers: how they look and how they are derived. Everything here is deterministic."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from ulid import ULID

EP_ID_PATTERN = r"^[a-z0-9]+(?:-[a-z0-9]+)*-s[0-9]{2}e[0-9]{2}$"
SLUG_PATTERN = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
_EVENT_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "screenalytics.event")


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


def _check_ulid(value: str) -> str:
    ULID.from_str(value)
    return value


EpId = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=EP_ID_PATTERN, max_length=120)]
"""`{show-slug}-sNNeNN`, lower case; upper case is accepted and lowered."""

Slug = Annotated[str, BeforeValidator(_lower), StringConstraints(pattern=SLUG_PATTERN, max_length=100)]

RunId = Annotated[str, StringConstraints(min_length=26, max_length=26), AfterValidator(_check_ulid)]
"""A ULID; a later run of the same episode has a greater id."""

TrackId = Annotated[str, StringConstraints(pattern=r"^track-[0-9]{5,}-[0-9]{3,}$")]
ShotId = Annotated[str, StringConstraints(pattern=r"^shot-[0-9]{5,}-[0-9]{3,}$")]
FaceId = Annotated[str, StringConstraints(pattern=r"^face-[0-9]{5,}-[0-9]{3,}-[0-9]{7,}$")]
IdentityId = Annotated[str, StringConstraints(pattern=r"^identity-[0-9]{5,}$")]


def slugify(text: str) -> str:
    """Reduce any text to `[a-z0-9-]`, accents dropped.

    Text that loses more than half of its letters and digits is told from others by its hash, as in `2-x318bc00c15`.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    plain = decomposed.encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:80].strip("-")
    kept, letters = sum(map(str.isalnum, plain)), sum(map(str.isalnum, decomposed))
    if slug and 2 * kept >= letters:
        return slug
    mark = f"x{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return f"{slug[:60].strip('-')}-{mark}" if slug else mark


def show_of(ep_id: str) -> str:
    """The show's slug: `the-office-s01e02` belongs to `the-office`."""
    return ep_id[: ep_id.rindex("-s")]


def track_id(segment: int, number: int) -> str:
    return f"track-{segment:05d}-{number:03d}"


def shot_id(segment: int, number: int) -> str:
    return f"shot-{segment:05d}-{number:03d}"


def face_id(track: str, frame_idx: int) -> str:
    return f"face-{track.removeprefix('track-')}-{frame_idx:07d}"


def identity_id(number: int) -> str:
    return f"identity-{number:05d}"


def event_id(run_id: str, event_type: str, subject: str, revision: int = 0) -> str:
    """The same work always emits the same id, so that subscribers can tell a repeat from a new event."""
    return str(uuid.uuid5(_EVENT_NAMESPACE, f"{run_id}|{event_type}|{subject}|{revision}"))


def run_id_for(upload_event_id: str, uploaded_at: datetime) -> str:
    """The run that one upload event starts: its time part is the event's time, its random part the event id's hash.

    A repeated delivery of the event therefore names the same run.
    """
    milliseconds = int(uploaded_at.astimezone(UTC).timestamp() * 1000)
    random_part = hashlib.sha256(upload_event_id.encode()).digest()[:10]
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + random_part))
