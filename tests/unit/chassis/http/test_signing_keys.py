"""An issuer's keys: withdrawn ones are not trusted for long, and an issuer that misbehaves is a dependency away."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from chassis.errors import DependencyUnavailable
from chassis.http import signing_keys as subject
from chassis.http.auth import Authenticator
from chassis.http.signing_keys import SigningKeys
from chassis.http.tokens import Tokens
from chassis.settings import AuthSettings
from tests.support.asgi import call
from tests.support.rig import until
from tests.support.small_api import app_of

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ISSUER, AUDIENCE = "https://id.example/", "screenalytics"
LIFESPAN_S = 300.0


def jwk_of(kid: str, **more: Any) -> dict[str, Any]:
    return json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key())) | {"kid": kid, "use": "sig"} | more


class Issuer(ThreadingHTTPServer):
    """Publishes whatever it is told to."""

    status = 200
    content = b""
    pause_s = 0.0
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/jwks"

    def publish(self, *kids: str) -> None:
        self.content = json.dumps({"keys": [jwk_of(kid) for kid in kids]}).encode()


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Issuer)
        self.server.asked += 1
        time.sleep(self.server.pause_s)
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Clock:
    """Goes on when it is told to."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr(subject, "time", ours)
    return ours


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    monkeypatch.setattr(subject, "TRY_AGAIN_S", 0.0)
    monkeypatch.setattr(subject, "UNKNOWN_EVERY_S", 0.0)
    server = Issuer(("127.0.0.1", 0), Answering)
    server.publish("one")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def keys(issuer: Issuer) -> SigningKeys:
    return SigningKeys(issuer.url, lifespan_s=LIFESPAN_S)


async def test_a_withdrawn_key_is_not_trusted_after_its_time(issuer: Issuer, keys: SigningKeys, clock: Clock) -> None:
    assert await keys.find("one") is not None
    issuer.publish("two")
    clock.now += LIFESPAN_S + 1
    assert await keys.find("one") is None
    assert await keys.find("two") is not None


async def test_nor_where_the_issuer_cannot_be_asked_any_more(issuer: Issuer, keys: SigningKeys, clock: Clock) -> None:
    assert await keys.find("one") is not None
    issuer.status = 500
    clock.now += LIFESPAN_S * 0.6
    assert await keys.find("one") is not None, "some of its time is left"
    await until("the issuer was asked again", lambda: issuer.asked == 2)
    clock.now += LIFESPAN_S * 0.6
    with pytest.raises(DependencyUnavailable):
        await keys.find("one")
    issuer.status = 200
    assert await keys.find("one") is not None


async def test_an_issuer_without_any_key_trusts_nobody(issuer: Issuer, keys: SigningKeys) -> None:
    issuer.publish()
    assert await keys.find("one") is None


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (200, b"<!DOCTYPE html><html><body>Sign in</body></html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b'{"keys": "none"}'),
        (200, b"[" * 100_000),
        (200, b'{"keys": [' + b" " * 2**20 + b"]}"),
        (200, b"\xff\xfe"),
        (302, b""),
        (404, b""),
        (503, b"later"),
    ],
)
async def test_what_is_no_key_set_is_a_dependency_that_is_away(
    issuer: Issuer, keys: SigningKeys, status: int, content: bytes
) -> None:
    issuer.status, issuer.content = status, content
    with pytest.raises(DependencyUnavailable):
        await keys.find("one")


async def test_a_caller_is_told_so_with_503(issuer: Issuer) -> None:
    issuer.content = b"<html></html>"
    settings = AuthSettings(mode="oidc", oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_jwks_url=issuer.url)
    app = app_of([])
    nobody: Any = None
    app.state.parts[Authenticator] = Authenticator(settings, nobody)
    token = jwt.encode({"sub": "x"}, RSA_KEY, algorithm="RS256", headers={"kid": "one"})
    answer = await call(app, "GET", "/episodes", headers={"authorization": f"Bearer {token}"})
    assert (answer.status, answer.code) == (503, "dependency_unavailable")
    assert "The issuer of access tokens does not answer" in answer.body.decode()


async def test_keys_of_other_kinds_beside_a_good_one_do_no_harm(issuer: Issuer, keys: SigningKeys) -> None:
    strange: list[Any] = [None, 7, {}, {"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA"}, jwk_of("enc", use="enc")]
    issuer.content = json.dumps({"keys": [*strange, jwk_of("one"), {**jwk_of("x"), "kid": None}]}).encode()
    assert await keys.find("one") is not None
    assert await keys.find("enc") is None


async def test_many_callers_ask_the_issuer_once(issuer: Issuer, keys: SigningKeys) -> None:
    issuer.pause_s = 0.1
    assert all(await asyncio.gather(*(keys.find("one") for _ in range(20))))
    assert issuer.asked == 1


async def test_a_slow_issuer_holds_up_nobody_whose_key_is_known(
    issuer: Issuer, keys: SigningKeys, clock: Clock
) -> None:
    await keys.find("one")
    issuer.pause_s = 1.0
    clock.now += LIFESPAN_S * 0.6
    begun = time.monotonic()
    assert await keys.find("one") is not None
    assert time.monotonic() - begun < issuer.pause_s


async def test_made_up_keys_do_not_make_us_ask_all_the_time(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "UNKNOWN_EVERY_S", 60.0)
    keys = SigningKeys(issuer.url, lifespan_s=300)
    for number in range(20):
        assert await keys.find(f"made-up-{number}") is None
    assert issuer.asked == 1


async def test_a_failing_issuer_is_not_asked_for_every_caller(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "TRY_AGAIN_S", 60.0)
    issuer.status = 500
    keys = SigningKeys(issuer.url, lifespan_s=300)
    for _ in range(20):
        with pytest.raises(DependencyUnavailable, match="500"):
            await keys.find("one")
    assert issuer.asked == 1


def texts() -> Iterator[str]:
    """Texts that look like tokens to some part of what reads them."""
    deep = jwt.utils.base64url_encode(b"[" * 9000).decode()
    yield f"{deep}.{deep}.{deep}"
    for header in (
        b"[]",
        b"null",
        b'"x"',
        b"{",
        b'{"alg":"RS256"}',
        b'{"alg":"RS256","kid":7}',
        b'{"alg":7,"kid":"one"}',
    ):
        yield f"{jwt.utils.base64url_encode(header).decode()}.e30.AAAA"
    for payload in (b"[]", b"null", b"{", b'{"exp":1e999}', b'{"exp":[]}', b'{"aud":{}}'):
        yield jwt.api_jws.encode(payload, RSA_KEY, algorithm="RS256", headers={"kid": "one"})
    yield jwt.encode({"sub": "x"}, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": "one"})
    yield from ("", ".", "..", "...", "a.b.c", "\xff.\xff.\xff", "é" * 100, "a" * 100_000)


@pytest.mark.parametrize("text", [*texts()])
async def test_no_text_is_more_than_a_wrong_token(issuer: Issuer, text: str) -> None:
    settings = AuthSettings(mode="oidc", oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_jwks_url=issuer.url)
    assert await Tokens(settings).claims(text) is None


def test_an_address_of_keys_is_http() -> None:
    for url in ("file:///etc/passwd", "ftp://id.example/jwks", "id.example/jwks"):
        with pytest.raises(ValueError, match="oidc_jwks_url"):
            AuthSettings(oidc_jwks_url=url)
