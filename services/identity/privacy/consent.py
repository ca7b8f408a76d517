"""On which legal basis a cast member's pictures are kept and compared."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from contracts.blobs import Contract

Basis = Literal["consent", "contract", "legal_obligation", "vital_interest", "public_interest", "legitimate_interest"]
"""The bases of article 6 of the GDPR; biometric data needs `consent` in most cases (article 9), in Illinois in all."""


class Consent(Contract):
    """The basis, since when it holds, and a note that says where the paper is."""

    basis: Basis
    given_on: date
    note: str | None = Field(default=None, max_length=500)
    recorded_by: str
    recorded_at: datetime


def without_consent_sentence(cast_id: str) -> str:
    """What a report says of a member whose pictures may not be used."""
    return f"Nobody is compared with the pictures of {cast_id}: no legal basis is recorded for them."
