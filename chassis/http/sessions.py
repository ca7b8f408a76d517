"""Sessions of browsers: a cookie that stands for a key or a token, for as long as that is in force.

The invariant: **a cookie may do what its key may do at that moment, and nothing after the key ended**: role and shows are
read from the key each time. The cookie cannot be read by scripts and is sent by pages of this site only; what changes
anything also needs a token that only such a page can read. Of a cookie only a hash is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.datastructures import Headers

from chassis.cache import Latest
from chassis.http.errors import ApiError
from chassis.mongo.database import Database

SECURE_COOKIE, PLAIN_COOKIE = "__Host-screenalytics", "screenalytics"
"""Over TLS, and on a machine's own loopback without it. Browsers let nobody else set the first."""
CSRF_HEADER = "x-csrf-token"
REMEMBERED_S = 4.0
MOST_REMEMBERED = 1000
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session. `key_id` is the key that it stands for; of a token, the claims are in `claims`."""

    name: str
    created_at: datetime
    expires_at: datetime
    key_id: str | None = None
    claims: dict[str, Any] | None = None


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(self, database: Database) -> None:
        self._sessions = database["sessions"]
        self._known: Latest[str, tuple[float, Session | None]] = Latest(MOST_REMEMBERED)

    async def begin(
        self, *, name: str, lasts: timedelta, key_id: str | None = None, claims: dict[str, Any] | None = None
    ) -> tuple[Session, str]:
        """A new session and the text of its cookie, which is nowhere kept. Sessions that are over go."""
        token, now = secrets.token_urlsafe(32), datetime.now(UTC)
        session = Session(name=name, created_at=now, expires_at=now + lasts, key_id=key_id, claims=claims)
        await self._sessions.delete_many({"expires_at": {"$lt": now}})
        await self._sessions.insert_one({"_id": _hash(token), **vars(session)})
        return session, token

    async def find(self, token: str) -> Session | None:
        """The session of a cookie, where it is not over."""
        if not _TOKEN.fullmatch(token):
            return None
        name, now = _hash(token), time.monotonic()
        known = self._known.get(name)
        if known is None or now - known[0] > REMEMBERED_S:
            found = await self._sessions.find_one({"_id": name})
            known = (now, _read(found) if found else None)
            if found is not None:  # only sessions that exist are remembered
                self._known.put(name, known)
        session = known[1]
        return session if session is not None and datetime.now(UTC) < session.expires_at else None

    async def end(self, token: str) -> None:
        """Sign out: here at once, in other processes within `REMEMBERED_S`."""
        await self._sessions.delete_one({"_id": _hash(token)})
        self._known.forget(_hash(token))


def cookie_in(headers: Headers, names: tuple[str, str] = (SECURE_COOKIE, PLAIN_COOKIE)) -> str | None:
    """The text of the session's cookie, or of another one, where a request has it; `names` as the session's two."""
    found: dict[str, str] = {}
    for header in headers.getlist("cookie"):
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            found.setdefault(name, value)
    return next((found[name] for name in names if found.get(name)), None)


def csrf_token(token: str) -> str:
    """What goes with a cookie that changes something: made of it, so that nothing has to be kept."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def check_same_page(method: str, headers: Headers, token: str) -> None:
    """Whether a request with a cookie comes from a page that may send it.

    Raises:
        ApiError: 403 `foreign_page`, `csrf_missing`.
    """
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ApiError(403, "foreign_page", "Pages from elsewhere may not call this with your session.")
    if method not in SAFE and not hmac.compare_digest(
        headers.get(CSRF_HEADER, "").encode(), csrf_token(token).encode()
    ):
        raise ApiError(403, "csrf_missing", "Send X-CSRF-Token as GET /session says it.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read(document: dict[str, Any]) -> Session:
    fields: dict[str, Any] = {name: document.get(name) for name in Session.__dataclass_fields__}
    return Session(**fields)
