"""Optimistic concurrency over HTTP: `ETag` says a version, `If-Match` says which one a command is meant for."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Response
from ulid import ULID

from chassis.http.errors import ApiError

_ETAG = re.compile(r'^(?:W/)?"?([0-9]{1,15})"?$')
_COMMAND_ID = r"^[A-Za-z0-9_-]{1,100}$"


def expected_version(
    if_match: Annotated[
        str | None,
        Header(max_length=40, description='Version that was read, as in `ETag`: `"7"`; `*` for whichever there is.'),
    ] = None,
) -> int | None:
    """The version a command is meant for; None: whichever there is."""
    if if_match is None:
        raise ApiError(
            428, "precondition_required", "Say which version this is meant for: send If-Match with the ETag you read."
        )
    if if_match.strip() == "*":
        return None
    found = _ETAG.match(if_match.strip())
    if found is None:
        raise ApiError(422, "bad_if_match", 'If-Match must be a version as the ETag said it, like "7", or *.')
    return int(found[1])


def command_id(
    idempotency_key: Annotated[
        str | None,
        Header(pattern=_COMMAND_ID, description="Of your choice; the same command sent again with it changes nothing."),
    ] = None,
) -> str:
    """Names a command, so that sending it twice is harmless."""
    return idempotency_key or str(ULID())


ExpectedVersion = Annotated[int | None, Depends(expected_version)]
CommandId = Annotated[str, Depends(command_id)]


def tag(response: Response, version: int) -> None:
    """Say the version of what is answered."""
    response.headers["ETag"] = f'"{version}"'
