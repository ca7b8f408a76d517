"""OIDC access tokens: signature, issuer, audience and times are checked against the issuer's published keys."""

from __future__ import annotations

from typing import Any

import jwt

from chassis.http.signing_keys import SigningKeys
from chassis.settings import AuthSettings

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Asymmetric ones only: with a shared secret whoever can check a token could make one."""
LEEWAY_S = 30
NO_TOKEN = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)
"""What reading something that is no token, or a token of somebody else's making, may raise."""


class Tokens:
    """Checks tokens of one issuer."""

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        url = settings.oidc_jwks_url
        self._keys = SigningKeys(url, lifespan_s=settings.oidc_keys_s) if url else None

    async def claims(self, token: str, *, audience: str | None = None) -> dict[str, Any] | None:
        """The claims of a valid token, None for any other; for another audience than this API's where one is named.

        Raises:
            DependencyUnavailable: when the issuer's keys cannot be read.
        """
        key_id = _key_id(token)
        if self._keys is None or key_id is None:
            return None
        key = await self._keys.find(key_id)
        if key is None:
            return None
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=audience or self._settings.oidc_audience,
                issuer=self._settings.oidc_issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except NO_TOKEN:
            return None
        return claims


def _key_id(token: str) -> str | None:
    """The id of the key that a token says it is signed with, where it looks like one of ours."""
    try:
        header = jwt.get_unverified_header(token)
    except NO_TOKEN:
        return None
    key_id = header.get("kid")
    return key_id if isinstance(key_id, str) and header.get("alg") in ALGORITHMS else None
