"""The keys that an OIDC issuer publishes, for as long as they may be trusted.

The invariant: **a key that the issuer no longer publishes is trusted `lifespan_s` at most after it was last seen there**,
whether or not the issuer can be reached meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import jwt

from chassis.errors import DependencyUnavailable

TIMEOUT_S = 5.0
LARGEST_BYTES = 2**20
TRY_AGAIN_S = 5.0
"""After a failure nobody asks the issuer for so long: callers are answered at once."""
UNKNOWN_EVERY_S = 10.0
"""Tokens of keys that nobody knows make us ask the issuer so often at most."""


class SigningKeys:
    """Read when first needed, again after half their life, and when a token names an unknown one; for many at once."""

    def __init__(self, url: str, *, lifespan_s: float) -> None:
        self._url = url
        self._lifespan_s = lifespan_s
        self._keys: dict[str, jwt.PyJWK] = {}
        self._read_at = self._failed_at = float("-inf")
        self._failure = ""
        self._reading: asyncio.Task[None] | None = None

    async def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of that id; None where the issuer publishes no such key.

        Raises:
            DependencyUnavailable: `oidc`, when the keys that are known are too old and cannot be read again.
        """
        age = time.monotonic() - self._read_at
        is_known = key_id in self._keys and age <= self._lifespan_s
        if age > (self._lifespan_s / 2 if is_known else min(UNKNOWN_EVERY_S, self._lifespan_s)):
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            if not is_known:
                await asyncio.shield(self._reading)
        if time.monotonic() - self._read_at > self._lifespan_s:
            raise DependencyUnavailable("oidc", self._failure)
        return self._keys.get(key_id)

    async def _read(self) -> None:
        if time.monotonic() - self._failed_at < TRY_AGAIN_S:
            return
        asked_at = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self._keys = _keys_of(await self._fetch())
        except (httpx.HTTPError, ValueError, TimeoutError, RecursionError) as error:
            self._failed_at, self._failure = time.monotonic(), f"{self._url}: {type(error).__name__} {error}"[:300]
        else:
            self._read_at = asked_at

    async def _fetch(self) -> bytes:
        """The answer's body, of which no more than is sensible is read. A redirect is not followed."""
        content = b""
        async with (
            httpx.AsyncClient(follow_redirects=False, timeout=TIMEOUT_S) as client,
            client.stream("GET", self._url, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise ValueError(f"answered {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > LARGEST_BYTES:
                    raise ValueError("answered with more than a key set")
        return content


def _keys_of(content: bytes) -> dict[str, jwt.PyJWK]:
    """Usable keys by their ids. Raises ValueError for anything that is no key set."""
    document = json.loads(content)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("answered with something that is no key set")
    return {key.key_id: key for key in map(_key_of, entries) if key is not None and key.key_id}


def _key_of(entry: Any) -> jwt.PyJWK | None:
    """A signing key; None for what is meant for something else or of a kind that is not known here."""
    try:
        key = jwt.PyJWK(entry)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return key if key.public_key_use in {None, "sig"} else None
