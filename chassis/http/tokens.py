"""OIDC access tokens: signature, issuer, audience and times are checked against the issuer's published keys."""

from __future__ import annotations

import asyncio
from typing import Any

import jwt
from jwt.exceptions import PyJWKClientConnectionError

from chassis.errors import DependencyUnavailable
from chassis.settings import AuthSettings

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Asymmetric ones only: with a shared secret whoever can check a token could make one."""
LEEWAY_S = 30


class Tokens:
    """Checks tokens of one issuer. The issuer's keys are fetched when first needed, and again when an unknown one comes."""

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        url = settings.oidc_jwks_url
        self._keys = jwt.PyJWKClient(url, cache_keys=True, lifespan=300, timeout=5) if url else None

    async def claims(self, token: str) -> dict[str, Any] | None:
        """The claims of a valid token, None for any other.

        Raises:
            DependencyUnavailable: when the issuer's keys cannot be fetched.
        """
        if self._keys is None:
            return None
        try:
            key = await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.oidc_audience,
                issuer=self._settings.oidc_issuer,
                leeway=LEEWAY_S,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except PyJWKClientConnectionError as error:
            raise DependencyUnavailable("oidc", str(error)) from error
        except jwt.PyJWTError:
            return None
        return claims
