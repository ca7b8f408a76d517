"""Where the operators' verbs find the API, and what they say when it is not there."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from screenalytics.commands.operator import episodes
from tests.support.operator_rig import screenalytics

VERBS = (
    ["episodes", "list"],
    ["identities", "my-show-s01e02"],
    ["cast", "list", "my-show"],
    ["suggest", "my-show-s01e02"],
    ["link", "my-show-s01e02", "1", "ann"],
    ["merge", "my-show-s01e02", "1", "2"],
    ["undo", "my-show-s01e02"],
    ["export", "my-show-s01e02", "csv"],
)


class Api(BaseHTTPRequestHandler):
    """An API that knows one key, and whose streams of progress end before the run does."""

    asked_from: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        if self.headers["Authorization"] != "Bearer the-key":
            refusal = {"code": "not_authenticated", "message": "Send a key.", "details": {}}
            self._answer(401, json.dumps({"success": False, "error": refusal}))
        elif self.path.endswith("/events"):
            self.asked_from.append(self.headers["Last-Event-ID"])
            place = len(self.asked_from)
            said = ("report", {"revision": place}) if place < 3 else ("end", {"state": "finished", "failure": None})
            stream = f"id: {place}\nevent: {said[0]}\ndata: {json.dumps(said[1])}\n\n"
            self._answer(200, stream, missing=10 if place == 2 else 0)
        else:
            self._answer(200, json.dumps({"success": True, "data": {"items": []}}))

    def _answer(self, status: int, body: str, *, missing: int = 0) -> None:
        """`missing` bytes are announced and never come: the connection breaks off."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) + missing))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


class Elsewhere(BaseHTTPRequestHandler):
    """A server that is not the API: a page for everything, except for what breaks it."""

    def do_GET(self) -> None:
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with served(Elsewhere) as address:
        yield address


@pytest.fixture
def api() -> Iterator[str]:
    Api.asked_from.clear()
    with served(Api) as address:
        yield address


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_without_an_address_every_verb_says_what_to_set(verb: list[str]) -> None:
    done = screenalytics(*verb, SCREENALYTICS_API_URL="")
    assert (done.status, done.out, done.said.count("\n")) == (2, "", 1)
    assert "SCREENALYTICS_API_URL" in done.said and done.said.endswith("[api_unknown]\n")


@pytest.mark.parametrize("address", ["127.0.0.1:8080", "nonsense", "http://", "http://a:b", "ftp://host"])
def test_what_is_no_address_is_called_so(address: str) -> None:
    done = screenalytics("episodes", "list", SCREENALYTICS_API_URL=address)
    assert done.status == 2 and "[api_address]" in done.said


@pytest.mark.parametrize(
    "verb", [["episodes", "list"], ["episodes", "follow", "my-show-s01e02"]], ids=lambda verb: verb[1]
)
def test_an_api_that_does_not_answer_is_no_bad_input(verb: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    done = screenalytics(*verb, SCREENALYTICS_API_URL=f"http://127.0.0.1:{port}")
    assert (done.status, done.said.count("\n")) == (1, 1) and "[api_unreachable]" in done.said


def test_another_server_at_the_address_is_told_apart(elsewhere: str) -> None:
    other = screenalytics("episodes", "list", SCREENALYTICS_API_URL=elsewhere)
    broken = screenalytics("episodes", "show", "broken", SCREENALYTICS_API_URL=elsewhere)
    assert (other.status, other.said.count("\n")) == (1, 1) and "[api_not_understood]" in other.said
    assert broken.status == 1 and "status 500" in broken.said


def test_the_key_comes_from_the_environment(api: str) -> None:
    without = screenalytics("cast", "shows", SCREENALYTICS_API_URL=api, SCREENALYTICS_API_KEY="another")
    known = screenalytics("cast", "shows", SCREENALYTICS_API_URL=api, SCREENALYTICS_API_KEY="the-key")
    assert (without.status, without.said) == (2, "error: Send a key. [not_authenticated]\n")
    assert (known.status, known.said) == (0, "no shows\n")


def test_a_stream_that_is_closed_or_breaks_off_goes_on_where_it_was(api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(episodes, "COME_BACK_AFTER_S", 0.01)
    followed = screenalytics(
        "episodes", "follow", "my-show-s01e02", SCREENALYTICS_API_URL=api, SCREENALYTICS_API_KEY="the-key"
    )
    assert followed.out.splitlines() == ["revision 1 is reported", "revision 2 is reported", "the run finished"]
    assert followed.status == 0 and Api.asked_from == [None, "1", "2"]
