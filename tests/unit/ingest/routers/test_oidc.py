"""Signing in at an OIDC issuer: code, PKCE, state and nonce, and every way in which somebody else would come back."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from chassis.http.oidc_code import PLAIN_COOKIE as ATTEMPT
from chassis.http.oidc_code import SECURE_COOKIE as SECURE_ATTEMPT
from chassis.http.oidc_code import Attempt
from chassis.http.sessions import PLAIN_COOKIE, SECURE_COOKIE
from chassis.settings import AuthSettings
from tests.support.signing_in import Signing

ISSUER, CLIENT, AUDIENCE = "https://id.example/", "console", "screenalytics"
HERE, CALLBACK = "http://localhost", "http://localhost/session/oidc/callback"


class Issuer:
    """An issuer that knows one person: it gives codes, and tokens for codes, with `claims` and `access`."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[dict[str, str], str | None]] = []
        self.claims: dict[str, Any] = {}
        self.access: dict[str, Any] | str = {}
        self.status = 200
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(issuer.key.public_key()))
                self._answer(200, {"keys": [public | {"kid": "one", "use": "sig", "alg": "RS256"}]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                asked = {name: values[0] for name, values in parse_qs(body).items()}
                issuer.asked.append((asked, self.headers.get("authorization")))
                self._answer(*issuer.exchange(asked))

            def _answer(self, status: int, told: Any) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(told).encode())

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def begin_again(self) -> None:
        self.codes, self.asked, self.claims, self.status = {}, [], {}, 200
        self.access = {"screenalytics_role": "operator", "screenalytics_shows": ["my-show"]}

    def give_code(self, page: str) -> tuple[str, dict[str, str]]:
        """Somebody signed in on the issuer's page: a code, and what the page was asked."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code, asked

    def exchange(self, asked: dict[str, str]) -> tuple[int, Any]:
        """As RFC 6749 and 7636 have it: a code counts once, for its client, its address, and who has the verifier."""
        begun = self.codes.pop(asked.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.get("code_verifier", "").encode()).digest())
        if (
            begun is None
            or asked["grant_type"] != "authorization_code"
            or asked["redirect_uri"] != begun["redirect_uri"]
            or challenge.rstrip(b"=").decode() != begun["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        identity = self.signed({"aud": CLIENT, "nonce": begun["nonce"]} | self.claims)
        access = self.access if isinstance(self.access, str) else self.signed({"aud": AUDIENCE} | self.access)
        return self.status, {"id_token": identity, "access_token": access, "token_type": "Bearer"}

    def signed(self, claims: dict[str, Any]) -> str:
        usual = {"iss": ISSUER, "sub": "otto", "exp": int(time.time()) + 600}
        return jwt.encode(usual | claims, self.key, algorithm="RS256", headers={"kid": "one"})


@pytest.fixture(scope="module")
def issuers() -> Iterator[Issuer]:
    issuer = Issuer()
    yield issuer
    issuer.server.shutdown()
    issuer.server.server_close()


@pytest.fixture
def issuer(issuers: Issuer) -> Issuer:
    issuers.begin_again()
    return issuers


def settings_of(issuer: Issuer, **more: Any) -> dict[str, Any]:
    return {
        "mode": "keys+oidc",
        "oidc_issuer": ISSUER,
        "oidc_audience": AUDIENCE,
        "oidc_jwks_url": f"{issuer.url}/jwks",
        "oidc_client_id": CLIENT,
        "oidc_authorize_url": "https://id.example/authorize?kc_idp_hint=staff",
        "oidc_token_url": f"{issuer.url}/token",
        "oidc_redirect_uris": [CALLBACK, "https://console.example/session/oidc/callback"],
    } | more


@pytest_asyncio.fixture
async def signing(issuer: Issuer) -> AsyncIterator[Signing]:
    yield Signing(**settings_of(issuer))


async def begun(browser: httpx.AsyncClient, issuer: Issuer, return_to: str = "/") -> tuple[str, str]:
    """The code and the state with which the issuer sends the browser back."""
    answer = await browser.get("/session/oidc/start", params={"return_to": return_to})
    assert answer.status_code == 303, answer.text
    code, asked = issuer.give_code(answer.headers["location"])
    return code, asked["state"]


async def test_a_browser_comes_back_signed_in(signing: Signing, issuer: Issuer) -> None:
    async with signing.browser() as browser:
        begin = await browser.get("/session/oidc/start?return_to=/%23/my-show-s01e02/review")
        page = urlsplit(begin.headers["location"])
        assert f"{page.scheme}://{page.netloc}{page.path}" == "https://id.example/authorize"
        code, asked = issuer.give_code(begin.headers["location"])
        expected = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "code_challenge_method": "S256",
            "kc_idp_hint": "staff",
        }
        assert expected.items() <= asked.items()
        assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
        cookie = begin.headers["set-cookie"]
        assert cookie.startswith(f"{ATTEMPT}=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        back = await browser.get(
            "/session/oidc/callback",
            params={"code": code, "state": asked["state"], "iss": ISSUER},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert (back.status_code, back.headers["location"]) == (303, "/#/my-show-s01e02/review")
        assert issuer.asked[0][0]["client_id"] == CLIENT
        assert issuer.asked[0][1] is None
        told = (await browser.get("/session")).json()["data"]
        assert (told["name"], told["role"], told["shows"], told["by"]) == ("otto", "operator", ["my-show"], "session")
        done = await browser.post("/shows/my-show/change", headers={"X-CSRF-Token": told["csrf_token"]})
        assert done.json() == "my-show by otto"
        assert ATTEMPT not in browser.cookies
        assert browser.cookies[PLAIN_COOKIE]
        (session,) = signing.database["sessions"].documents.values()
        assert session["claims"].keys() == {"sub", "screenalytics_role", "screenalytics_shows"}
        entries = list(signing.database["audit"].documents.values())
        assert [(one["who"], one["path"]) for one in entries] == [
            ("otto", "/session/oidc/callback"),
            ("otto", "/shows/my-show/change"),
        ]


async def test_the_session_is_strict_and_ends_with_the_token(signing: Signing, issuer: Issuer) -> None:
    issuer.access = {"screenalytics_role": "viewer", "exp": int(time.time()) + 120}
    async with signing.browser("https://console.example") as browser:
        code, state = await begun(browser, issuer)
        back = await browser.get("/session/oidc/callback", params={"code": code, "state": state})
        cookies = back.headers.get_list("set-cookie")
        (made,) = [one for one in cookies if one.startswith(f"{SECURE_COOKIE}=")]
        assert "SameSite=strict" in made
        assert "Secure" in made
        assert 100 <= int(made.split("Max-Age=")[1].split(";")[0]) <= 120
        assert any(one.startswith(f'{SECURE_ATTEMPT}=""') and "Max-Age=0" in one for one in cookies)


async def test_a_confidential_client_says_its_secret_in_the_header_alone(issuer: Issuer) -> None:
    async with Signing(**settings_of(issuer, oidc_client_secret="s:e/cret")).browser() as browser:
        code, state = await begun(browser, issuer)
        assert (await browser.get("/session/oidc/callback", params={"code": code, "state": state})).status_code == 303
    asked, authorization = issuer.asked[0]
    assert base64.b64decode((authorization or "").removeprefix("Basic ")).decode() == "console:s%3Ae%2Fcret"
    assert "client_id" not in asked
    assert "client_secret" not in asked


async def test_only_the_browser_that_was_sent_out_comes_back(signing: Signing, issuer: Issuer) -> None:
    async with signing.browser() as browser, signing.browser() as another:
        code, state = await begun(browser, issuer)
        await begun(another, issuer)
        for visitor in (another, signing.browser()):
            refused = await visitor.get("/session/oidc/callback", params={"code": code, "state": state})
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "sign_in_not_begun")
        for wrong in ("", state[:-1], state + "x", "\u00e9"):
            refused = await browser.get("/session/oidc/callback", params={"code": code, "state": wrong})
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "sign_in_not_begun")
    assert issuer.asked == [], "nobody's code was sent to the issuer"
    assert signing.database["sessions"].documents == {}


async def test_a_code_of_another_attempt_is_worth_nothing(signing: Signing, issuer: Issuer) -> None:
    """Whoever smuggles their own code into somebody's browser has not its verifier."""
    async with signing.browser() as victim, signing.browser() as attacker:
        stolen, _ = await begun(attacker, issuer)
        _, state = await begun(victim, issuer, "/?a=1#/x")
        back = await victim.get("/session/oidc/callback", params={"code": stolen, "state": state})
        assert back.headers["location"] == "/?a=1&sign_in_failed=not_signed_in#/x"
        assert PLAIN_COOKIE not in victim.cookies


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"iss": "https://evil.example/"},
        {"exp": 1},
        {"sub": "anna"},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_an_id_token_that_is_not_of_this_attempt_signs_nobody_in(
    signing: Signing, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    async with signing.browser() as browser:
        code, state = await begun(browser, issuer)
        back = await browser.get("/session/oidc/callback", params={"code": code, "state": state})
        assert back.headers["location"] == "/?sign_in_failed=not_signed_in"
        assert (await browser.get("/session")).status_code == 401


async def test_an_opaque_access_token_leaves_the_role_to_the_id_token(signing: Signing, issuer: Issuer) -> None:
    issuer.access, issuer.claims = "opaque", {"screenalytics_role": "viewer", "screenalytics_shows": "*"}
    async with signing.browser() as browser:
        code, state = await begun(browser, issuer)
        await browser.get("/session/oidc/callback", params={"code": code, "state": state})
        assert (await browser.get("/session")).json()["data"]["role"] == "viewer"


async def test_somebody_without_a_role_is_told_so(signing: Signing, issuer: Issuer) -> None:
    issuer.access = {}
    async with signing.browser() as browser:
        code, state = await begun(browser, issuer)
        back = await browser.get("/session/oidc/callback", params={"code": code, "state": state})
        assert back.headers["location"] == "/?sign_in_failed=no_role"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"error": "access_denied"}, "access_denied"),
        ({"error": "\r\nX: y"}, "not_signed_in"),
        ({}, "not_signed_in"),
        ({"code": "c", "iss": "https://evil.example/"}, "not_signed_in"),
    ],
)
async def test_whoever_comes_back_without_a_code_is_told_why(
    signing: Signing, issuer: Issuer, told: dict[str, str], code: str
) -> None:
    async with signing.browser() as browser:
        _, state = await begun(browser, issuer)
        back = await browser.get("/session/oidc/callback", params=told | {"state": state})
        assert back.headers["location"] == f"/?sign_in_failed={code}"
    assert issuer.asked == []


@pytest.mark.parametrize("status", [500, 503])
async def test_an_issuer_that_does_not_answer_is_said_to_be_away(signing: Signing, issuer: Issuer, status: int) -> None:
    issuer.status = status
    async with signing.browser() as browser:
        code, state = await begun(browser, issuer)
        back = await browser.get("/session/oidc/callback", params={"code": code, "state": state})
        assert (back.status_code, back.json()["error"]["code"]) == (503, "dependency_unavailable")


@pytest.mark.parametrize(
    "place", ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "x", "/a b", "/\r\nX: y", "/é"]
)
async def test_nobody_is_sent_elsewhere_afterwards(signing: Signing, place: str) -> None:
    async with signing.browser() as browser:
        refused = await browser.get("/session/oidc/start", params={"return_to": place})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "invalid_request")
    forged = Attempt(secret="A" * 43, return_to=place)
    assert Attempt.read(forged.cookie) is None


async def test_only_addresses_of_the_list_are_come_back_to(signing: Signing) -> None:
    for address, code in (
        ("https://evil.example", "redirect_not_allowed"),
        ("http://console.example", "redirect_not_allowed"),
        ("http://localhost:81", "redirect_not_allowed"),
    ):
        async with signing.browser(address) as browser:
            for path in ("/session/oidc/start", "/session/oidc/callback?state=x"):
                refused = await browser.get(path)
                assert (refused.status_code, refused.json()["error"]["code"]) == (403, code)


async def test_a_session_that_is_over_does_not_stand_in_the_way(signing: Signing, issuer: Issuer) -> None:
    async with signing.browser() as browser:
        browser.cookies.set(PLAIN_COOKIE, "B" * 43)
        assert (await browser.get("/session")).status_code == 401
        code, state = await begun(browser, issuer)
        assert (await browser.get("/session/oidc/callback", params={"code": code, "state": state})).status_code == 303


async def test_how_one_may_sign_in_is_told_to_anybody(signing: Signing) -> None:
    async with signing.browser() as browser:
        told = (await browser.get("/session/options")).json()["data"]
    assert told == {"authentication": True, "key": True, "token": True, "oidc_start": "/session/oidc/start"}
    async with Signing(mode="off").browser() as browser:
        told = (await browser.get("/session/options")).json()["data"]
        assert told == {"authentication": False, "key": False, "token": False, "oidc_start": None}
        refused = await browser.get("/session/oidc/start")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "oidc_not_offered")


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_redirect_uris": ["http://console.example/session/oidc/callback"]},
        {"oidc_redirect_uris": ["https://console.example/elsewhere"]},
        {"oidc_redirect_uris": ["https://user@console.example/session/oidc/callback"]},
        {"oidc_redirect_uris": []},
        {"oidc_token_url": None},
        {"oidc_client_id": None},
    ],
)
def test_settings_that_would_not_sign_anybody_in_are_refused(issuer: Issuer, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AuthSettings(**settings_of(issuer, **wrong))
