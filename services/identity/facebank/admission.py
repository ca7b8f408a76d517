"""Who may be in a cast, and whose pictures may be kept and compared. Pure."""

from __future__ import annotations

from chassis.errors import Conflict
from services.identity.facebank.cast import Show


def check_admitted(show: Show, cast_id: str) -> None:
    """Raises Conflict `person_erased`."""
    if cast_id in show.erased:
        raise Conflict(
            "person_erased", f"Somebody with the cast id {cast_id} was erased from {show.show}: choose another cast_id."
        )


def check_may_be_compared(show: Show, cast_id: str, *, consent_required: bool) -> None:
    """Raises Conflict `person_erased` and, where a legal basis is required, `consent_missing`."""
    check_admitted(show, cast_id)
    if consent_required and cast_id not in show.consents:
        raise Conflict(
            "consent_missing",
            f"No legal basis is recorded for {cast_id}: record their consent before their pictures are used.",
        )
