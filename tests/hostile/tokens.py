"""Access tokens: forged, over, or of keys that their issuer has withdrawn; and an issuer that misbehaves."""

from __future__ import annotations

import asyncio

import jwt
from cryptography.hazmat.primitives import serialization

from tests.hostile.attack import Attack
from tests.hostile.target import KEYS_S, Target
from tests.hostile.wire import ask, tally

MADE_UP = 200


async def _with(target: Target, token: str) -> str:
    return await ask(target, "GET", "/episodes", headers={"Authorization": f"Bearer {token}"})


async def _withdrawn(target: Target) -> str:
    """A token before and after its key was withdrawn and as much time has passed as keys are trusted."""
    token = target.issuer.token()
    before = await _with(target, token)
    target.issuer.publish("two")
    try:
        await asyncio.sleep(KEYS_S + 1)
        return f"{before}, then {await _with(target, token)}"
    finally:
        target.issuer.publish("one")
        await asyncio.sleep(KEYS_S + 1)


async def _html(target: Target) -> str:
    """An issuer that answers with its login page for longer than keys are trusted."""
    published, target.issuer.content = target.issuer.content, b"<html>Sign in</html>"
    try:
        await asyncio.sleep(KEYS_S + 1)
        return await _with(target, target.issuer.token())
    finally:
        target.issuer.content = published
        await asyncio.sleep(6)


async def _forged(target: Target) -> str:
    public = target.issuer.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = target.issuer.token()
    header, payload, _ = signed.split(".")
    deep = jwt.utils.base64url_encode(b"[" * 3000).decode()
    texts = [
        target.issuer.token(expires_in_s=-120),
        target.issuer.token(aud="another"),
        target.issuer.token(iss="https://other.example/"),
        jwt.encode({"sub": "x"}, public.hex(), algorithm="HS256", headers={"kid": "one"}),
        f"{header}.{payload}.",
        f"{deep}.{deep}.x",
        f"{jwt.utils.base64url_encode(b'null').decode()}.e30.x",
    ]
    return tally([await _with(target, text) for text in texts])


async def _made_up(target: Target) -> str:
    answers = await asyncio.gather(*(_with(target, target.issuer.token(kid=f"k{number}")) for number in range(MADE_UP)))
    return tally([answer for answer in answers if answer not in {"401", "429"}] or ["refused"])


ATTACKS = (
    Attack(family="tokens", name="seven forged tokens", run=_forged, expected="401"),
    Attack(family="tokens", name="a token whose key was withdrawn", run=_withdrawn, expected="200, then 401"),
    Attack(family="tokens", name="an issuer that answers with HTML", run=_html, expected="503"),
    Attack(family="tokens", name=f"{MADE_UP} tokens of made-up keys", run=_made_up, expected="refused"),
)
