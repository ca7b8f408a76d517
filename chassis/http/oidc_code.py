"""OIDC's authorization code with PKCE (RFC 6749, RFC 7636, OpenID Connect Core): a browser goes to the issuer and comes back.

The invariant: **who comes back is who was sent, and nothing is kept of it here**: state, nonce and the code's verifier are
all made of 256 random bits in a cookie of that browser, by HMAC, so none of them can be known from another. The browser
carries a code only; tokens go from the issuer to this process over a connection of its own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import httpx

from chassis.errors import DependencyUnavailable
from chassis.http.errors import ApiError
from chassis.http.tokens import Tokens
from chassis.settings import OIDC_CALLBACK, AuthSettings, revealed

SECURE_COOKIE, PLAIN_COOKIE = "__Host-screenalytics-sign-in", "screenalytics-sign-in"
LASTS_S = 600
"""How long somebody may take at the issuer."""
TIMEOUT_S = 5.0
LARGEST_BYTES = 2**20
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_PLACE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,499}", re.ASCII)
"""A place of this site: it begins with one slash, so that no browser takes it for another host."""


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try of a browser to sign in: its secret, and where it goes afterwards."""

    secret: str
    return_to: str = "/"

    @classmethod
    def begin(cls, return_to: str) -> Attempt:
        """Raises ApiError 422 `invalid_request` for a place that is elsewhere."""
        if not _PLACE.fullmatch(return_to):
            raise ApiError(422, "invalid_request", "return_to must be a path of this site, beginning with one slash.")
        return cls(secret=secrets.token_urlsafe(32), return_to=return_to)

    @classmethod
    def read(cls, cookie: str | None) -> Attempt | None:
        """What a cookie says; None where it says nothing of use."""
        secret, _, place = (cookie or "").partition(".")
        if not _SECRET.fullmatch(secret):
            return None
        try:
            return_to = base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)).decode("ascii")
        except ValueError:
            return None
        return cls(secret=secret, return_to=return_to) if _PLACE.fullmatch(return_to) else None

    @property
    def cookie(self) -> str:
        return f"{self.secret}.{base64.urlsafe_b64encode(self.return_to.encode()).rstrip(b'=').decode()}"

    @property
    def state(self) -> str:
        return self._made_of("state")

    @property
    def nonce(self) -> str:
        return self._made_of("nonce")

    @property
    def verifier(self) -> str:
        return self._made_of("verifier")

    @property
    def challenge(self) -> str:
        """S256 of the verifier."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def is_of(self, state: str) -> bool:
        return hmac.compare_digest(state.encode(), self.state.encode())

    def failed(self, code: str) -> str:
        """Where the browser goes when nothing came of it: the place it wanted, which is told why."""
        parts = urlsplit(self.return_to)
        query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("sign_in_failed", code)])
        return urlunsplit(("", "", parts.path, query, parts.fragment))

    def _made_of(self, purpose: str) -> str:
        return _text(hmac.new(self.secret.encode(), purpose.encode(), hashlib.sha256).digest())


class CodeFlow:
    """Sends browsers to the issuer, and asks it for the tokens of those who come back with a code."""

    def __init__(self, settings: AuthSettings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens

    @property
    def is_offered(self) -> bool:
        return self._settings.signs_in_by_code

    def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """The issuer's page for an attempt; a query that the setting has stays."""
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id or "",
            "redirect_uri": redirect_uri,
            "scope": self._settings.oidc_scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        parts = urlsplit(self._settings.oidc_authorize_url or "")
        query = urlencode([*parse_qsl(parts.query), *asked.items()])
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))

    def redirect_uri(self, scheme: str, host: str) -> str:
        """The allowed address that the issuer sends a browser back to, of the host that was asked.

        Raises:
            ApiError: 404 `oidc_not_offered`, 403 `redirect_not_allowed`.
        """
        if not self.is_offered:
            raise ApiError(
                404, "oidc_not_offered", "Nobody signs in by OIDC here: send a key or a token to POST /session."
            )
        wanted = f"{scheme}://{host}{OIDC_CALLBACK}"
        if wanted not in self._settings.oidc_redirect_uris:
            raise ApiError(
                403, "redirect_not_allowed", "This address is not one that people sign in at: use the right one."
            )
        return wanted

    async def claims(self, attempt: Attempt, code: str, redirect_uri: str) -> dict[str, Any] | None:
        """Who came back with a code: claims of the ID token, and of the access token where that is for this API.

        None where the issuer does not take the code, or its tokens are not of this attempt.

        Raises:
            DependencyUnavailable: `oidc`, when the issuer does not answer.
        """
        told = await self._exchanged(attempt, code, redirect_uri)
        if told is None:
            return None
        identity = await self._tokens.claims(str(told.get("id_token")), audience=self._settings.oidc_client_id)
        nonce = str((identity or {}).get("nonce", ""))
        if identity is None or not hmac.compare_digest(nonce.encode(), attempt.nonce.encode()):
            return None
        if identity.get("azp", self._settings.oidc_client_id) != self._settings.oidc_client_id:
            return None
        access = await self._tokens.claims(str(told.get("access_token")))
        if access is None:  # an opaque one: the ID token has to say the role
            return identity
        return access if access["sub"] == identity["sub"] else None

    async def _exchanged(self, attempt: Attempt, code: str, redirect_uri: str) -> dict[str, Any] | None:
        client_id, secret = self._settings.oidc_client_id or "", revealed(self._settings.oidc_client_secret)
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        } | ({} if secret else {"client_id": client_id})
        credential = httpx.BasicAuth(quote(client_id, safe=""), quote(secret, safe="")) if secret else None
        content = b""
        try:
            async with (
                httpx.AsyncClient(follow_redirects=False, timeout=TIMEOUT_S, auth=credential) as client,
                client.stream(
                    "POST", self._settings.oidc_token_url or "", data=asked, headers={"Accept": "application/json"}
                ) as answer,
            ):
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > LARGEST_BYTES:
                        raise ValueError("answered with more than tokens")
                status = answer.status_code
            if status >= httpx.codes.INTERNAL_SERVER_ERROR:
                raise ValueError(f"answered {status}")
            told = json.loads(content) if status == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError, RecursionError) as error:
            raise DependencyUnavailable("oidc", f"{type(error).__name__} {error}"[:300]) from error
        return told if isinstance(told, dict) else None


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
