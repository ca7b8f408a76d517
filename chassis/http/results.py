"""The envelope of every answer, and pages with opaque cursors."""

from __future__ import annotations

import base64
import json
import sys
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


def encode_cursor(*key: str | float) -> str:
    """An opaque cursor from the sort key of a page's last item."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    """The sort key in a cursor, whose parts have these kinds; a whole number is a float too.

    Raises:
        BadInput: `bad_cursor`, when `encode_cursor` did not make it from such a key.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        key = None
    if (
        not isinstance(key, list)
        or len(key) != len(kinds)
        or not all(_is_of(part, kind) for part, kind in zip(key, kinds, strict=True))
    ):
        raise bad_cursor()
    return tuple(key)


def bad_cursor() -> BadInput:
    return BadInput("bad_cursor", "The cursor is not one that this list gave: start again without it.")


def _is_of(part: Any, kind: type) -> bool:
    if kind is float:  # a whole number may be greater than any float
        return isinstance(part, int | float) and not isinstance(part, bool) and abs(part) <= sys.float_info.max
    return type(part) is kind


def page_of(
    items: Sequence[T],
    *,
    key: Callable[[T], tuple[str | float, ...]],
    kinds: tuple[type, ...],
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """One page of a list that is in memory, in the order of `key`, which must be unique; `kinds` are those of its parts.

    Raises:
        BadInput: `bad_cursor`, also where the list is empty.
    """
    after = decode_cursor(cursor, kinds=kinds) if cursor is not None else None
    ordered = sorted(items, key=key)
    start = sum(key(item) <= after for item in ordered) if after is not None else 0
    shown = ordered[start : start + limit]
    more = start + limit < len(ordered)
    return Page(
        items=tuple(shown), next_cursor=encode_cursor(*key(shown[-1])) if more and shown else None, total=len(ordered)
    )
