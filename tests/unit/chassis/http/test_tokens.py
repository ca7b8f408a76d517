"""Access tokens of an OIDC issuer: only those that it signed, for us, and that are still good."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from chassis.errors import DependencyUnavailable
from chassis.http.auth import Authenticator, Role
from chassis.http.errors import ApiError
from chassis.http.tokens import Tokens
from chassis.settings import AuthSettings
from screenalytics.local.servers.ports import choose_free_port

ISSUER, AUDIENCE = "https://id.example/", "screenalytics"


@dataclass(frozen=True)
class Issuer:
    """An issuer whose keys are published on loopback."""

    key: rsa.RSAPrivateKey
    settings: AuthSettings

    def token(self, *, kid: str = "one", key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": "otto", "exp": now + 600, "screenalytics_role": "operator"}
        given = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(given, key or self.key, algorithm=algorithm, headers={"kid": kid})


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    jwks = json.dumps({"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]}).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jwks)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/jwks"
    settings = AuthSettings(mode="oidc", oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_jwks_url=url)
    yield Issuer(key, settings)
    server.shutdown()


class NoKeys:
    """No API keys."""

    async def find(self, _text: str) -> None:
        return None


def authenticator(settings: AuthSettings) -> Authenticator:
    keys: Any = NoKeys()
    return Authenticator(settings, keys)


async def test_a_good_token_names_the_caller_with_role_and_shows(issuer: Issuer) -> None:
    token = issuer.token(screenalytics_shows=["My-Show"])
    found = await authenticator(issuer.settings).principal(key=None, bearer=token)
    assert (found.name, found.role, found.shows) == ("otto", Role.operator, frozenset({"my-show"}))
    everything = await authenticator(issuer.settings).principal(
        key=None, bearer=issuer.token(screenalytics_shows=["*"], screenalytics_role="admin")
    )
    assert (everything.role, everything.shows) == (Role.admin, None)


async def test_a_token_without_shows_may_see_none(issuer: Issuer) -> None:
    found = await authenticator(issuer.settings).principal(key=None, bearer=issuer.token())
    assert not found.may_see("my-show")


async def test_a_token_without_a_known_role_may_do_nothing(issuer: Issuer) -> None:
    with pytest.raises(ApiError) as refused:
        await authenticator(issuer.settings).principal(key=None, bearer=issuer.token(screenalytics_role="owner"))
    assert (refused.value.status, refused.value.body.code) == (403, "no_role")


OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 120},
        {"exp": None},
        {"iss": "https://other.example/"},
        {"aud": "another-service"},
        {"sub": None},
        {"nbf": int(time.time()) + 3600},
        {"kid": "two"},
        {"key": OTHER_KEY},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_any_other_token_is_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as refused:
        await authenticator(issuer.settings).principal(key=None, bearer=issuer.token(**claims))
    assert refused.value.status == 401


async def test_tokens_signed_with_the_public_key_as_a_secret_or_not_at_all_are_refused(issuer: Issuer) -> None:
    public = issuer.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    symmetric = issuer.token(key=base64.b64encode(public).decode(), algorithm="HS256")
    header, payload, _ = issuer.token().split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT","kid":"one"}').decode().rstrip("=")
    tokens = Tokens(issuer.settings)
    for token in (symmetric, f"{none}.{payload}.", f"{header}.{payload}.", "no token"):
        assert await tokens.claims(token) is None


async def test_an_issuer_that_is_away_is_a_dependency_that_is_away(issuer: Issuer) -> None:
    nowhere = f"http://127.0.0.1:{choose_free_port()}/jwks"
    tokens = Tokens(issuer.settings.model_copy(update={"oidc_jwks_url": nowhere}))
    with pytest.raises(DependencyUnavailable):
        await tokens.claims(issuer.token())
