"""The envelope of every answer, and pages with opaque cursors."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import BadInput

T = TypeVar("T")

LARGEST_PAGE = 500


class ApiModel(BaseModel):
    """Base of what the HTTP API takes and gives. What it takes is checked to the last field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorBody(BaseModel):
    """`code` is stable and for programs, `message` is one sentence for people that says what to do."""

    code: str
    message: str
    details: dict[str, Any] = Field(default_factory=dict)


class ApiResult(BaseModel, Generic[T]):
    """Every answer: either `data` or `error`."""

    success: bool
    data: T | None = None
    error: ErrorBody | None = None


class Problem(BaseModel):
    """The same error as RFC 9457 describes it, for callers that accept `application/problem+json`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    details: dict[str, Any] = Field(default_factory=dict)


class Page(BaseModel, Generic[T]):
    """A part of a list. `next_cursor` asks for what follows; None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    total: int | None = Field(default=None, description="Length of the whole list, where it is known.")


def ok(data: T) -> ApiResult[T]:
    """A successful answer."""
    return ApiResult(success=True, data=data)


def encode_cursor(*key: str | float | None) -> str:
    """An opaque cursor from the sort key of a page's last item."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int) -> tuple[Any, ...]:
    """The sort key in a cursor.

    Raises:
        BadInput: `bad_cursor`, when it was not made by `encode_cursor` with so many parts.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except ValueError:
        key = None
    if (
        not isinstance(key, list)
        or len(key) != parts
        or not all(part is None or isinstance(part, str | int | float) for part in key)
    ):
        raise BadInput("bad_cursor", "The cursor is not one that this list gave: start again without it.")
    return tuple(key)


def page_of(
    items: Sequence[T], *, key: Callable[[T], tuple[str | float | None, ...]], cursor: str | None, limit: int
) -> Page[T]:
    """One page of a list that is in memory, in the order of `key`, which must be unique.

    Raises:
        BadInput: `bad_cursor`.
    """
    ordered = sorted(items, key=key)
    start = 0
    if cursor is not None and ordered:
        after = decode_cursor(cursor, parts=len(key(ordered[0])))
        try:
            start = sum(key(item) <= after for item in ordered)
        except TypeError:
            raise BadInput("bad_cursor", "The cursor is not one that this list gave: start again without it.") from None
    shown = ordered[start : start + limit]
    more = start + limit < len(ordered)
    return Page(
        items=tuple(shown), next_cursor=encode_cursor(*key(shown[-1])) if more and shown else None, total=len(ordered)
    )
