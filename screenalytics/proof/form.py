"""The fields of a statement that its reader needs. Anybody can sign anything, so a right signature says nothing of them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class _Digest(BaseModel):
    sha256: str


class _Subject(BaseModel):
    name: str
    digest: _Digest


class _Seconds(BaseModel):
    cast_id: str
    visible_s: float


class _Decision(BaseModel):
    at: str
    who: str | None
    action: str
    what: str
    why: str | None
    in_force: bool


class _Predicate(BaseModel):
    episode: str
    revision: int
    stated_at: str
    models: dict[str, str]
    cast: list[_Seconds]
    decisions: list[_Decision]
    signed_off: dict[str, Any] | None = None


class StatementForm(BaseModel):
    """A statement about a revision; fields that are not read here may be anything."""

    subject: list[_Subject]
    predicate: _Predicate
