"""A broken connection is never taken for a broken file."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av.error
import pytest

from chassis.errors import DependencyUnavailable
from chassis.video.remote_file import RemoteFile

CONTENT = random.Random(7).randbytes(700_000)


class Server(ThreadingHTTPServer):
    """Serves `CONTENT` by ranges; breaks every answer off after `at_most` bytes, and refuses with `status`."""

    at_most = len(CONTENT)
    status = 206
    requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/video.mp4?signature=x"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        status = self.server.status if start < len(CONTENT) else 416
        self.send_response(status)
        self.send_header("Content-Length", str(len(CONTENT) - start if status == 206 else 0))
        self.end_headers()
        if status == 206:
            self.wfile.write(CONTENT[start : start + self.server.at_most])
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def read_all(file: RemoteFile) -> bytes:
    parts = []
    while part := file.read(65_536):
        parts.append(part)
    return b"".join(parts)


def test_a_whole_file_is_read_with_one_request(server: Server) -> None:
    assert read_all(RemoteFile(server.url)) == CONTENT
    assert server.requests == 1


def test_answers_that_break_off_are_continued(server: Server) -> None:
    server.at_most = 100_000
    assert read_all(RemoteFile(server.url)) == CONTENT
    assert server.requests == 7


def test_seeks_go_anywhere_and_near_ones_need_no_request(server: Server) -> None:
    file = RemoteFile(server.url)
    assert file.read(10) == CONTENT[:10]
    assert file.seek(1000) == 1000
    assert file.read(10) == CONTENT[1000:1010]
    assert server.requests == 1
    assert file.seek(-10, 2) == len(CONTENT) - 10
    assert file.read(100) == CONTENT[-10:]
    assert file.seek(-5, 1) == file.tell() == len(CONTENT) - 5
    assert file.seek(len(CONTENT) + 5) > len(CONTENT)
    assert file.read(1) == b""


def test_a_server_that_stays_away_is_a_dependency_that_is_away(server: Server) -> None:
    file = RemoteFile(server.url, patience_s=0.3)
    file.read(10)
    server.status = 503
    file.seek(500_000)
    with pytest.raises(DependencyUnavailable, match="HTTP 503"):
        file.read(10)


def test_a_server_that_comes_back_is_waited_for(server: Server) -> None:
    file = RemoteFile(server.url)
    file.read(10)
    server.status = 503
    file.seek(500_000)
    timer = threading.Timer(0.2, setattr, (server, "status", 206))
    timer.start()
    assert file.read(10) == CONTENT[500_000:500_010]
    timer.join()


def test_a_refusal_is_no_outage(server: Server) -> None:
    server.status = 404
    with pytest.raises(av.error.HTTPNotFoundError):
        RemoteFile(server.url).read(1)
