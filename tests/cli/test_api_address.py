"""Where the operators' verbs find the API, and what they say when it is not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

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


class Elsewhere(BaseHTTPRequestHandler):
    """A server that is not the API: a page for everything, except for what breaks it."""

    def do_GET(self) -> None:
        self.send_response(500 if "broken" in self.path else 200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


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
