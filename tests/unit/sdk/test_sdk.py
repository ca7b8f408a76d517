"""The SDK as it is installed: alone, and doing what its page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "sdk" / "README.md"
EPISODE, RUN = "night-shift-s02e05", "01JGFJJZ00ABCDEFGHJKMNPQR0"
PART_BYTES = 7


class Api(BaseHTTPRequestHandler):
    """Answers as the API does; parts are kept, and a run is done when it was asked about twice."""

    parts: dict[int, bytes]
    announced: dict[str, Any]
    looks: int
    failure: dict[str, Any] | None

    def log_message(self, *_: object) -> None: ...

    def do_PUT(self) -> None:
        assert "authorization" not in {name.lower() for name in self.headers}, "the key is none of the store's business"
        self.state.parts[int(self.path.rsplit("/", 1)[1])] = self.body()
        self.answer(200, b"")

    def do_POST(self) -> None:
        if self.path == "/uploads":
            self.state.announced = json.loads(self.body())
            self.data(self.upload(), 201)
        elif self.path == "/uploads/u1/complete":
            self.data(self.upload() | {"state": "completed", "run_id": RUN})

    def do_GET(self) -> None:
        if self.path == "/uploads/u1":
            self.data(self.upload())
        elif self.path == f"/episodes/{EPISODE}/runs/{RUN}":
            self.state.looks += 1
            self.data(self.run())
        elif self.path == f"/screen-time/{EPISODE}?run_id={RUN}":
            self.data(self.document())
        elif self.path == f"/screen-time/{EPISODE}/export/otio":
            self.answer(200, b'{"OTIO_SCHEMA": "Timeline.1"}')

    @property
    def state(self) -> type[Api]:
        return type(self)

    def upload(self) -> dict[str, Any]:
        size = self.state.announced["bytes"]
        count = -(-size // PART_BYTES)
        missing = [number for number in range(1, count + 1) if number not in self.state.parts]
        port = self.server.server_address[1]
        urls = [
            {
                "part": number,
                "bytes": min(PART_BYTES, size - (number - 1) * PART_BYTES),
                "url": f"http://127.0.0.1:{port}/store/{number}",
            }
            for number in missing[:2]
        ]
        whole = {"upload_id": "u1", "ep_id": EPISODE, "state": "open", "bytes": size, "part_bytes": PART_BYTES}
        return whole | {"parts": count, "missing": len(missing), "urls": urls}

    def run(self) -> dict[str, Any]:
        run = {"ep_id": EPISODE, "run_id": RUN, "profile": "balanced", "created_at": "2026-01-02T03:04:05Z"}
        if self.state.failure is not None:
            return run | {"state": "failed", "failure": self.state.failure}
        return run | {"state": "finished" if self.state.looks > 1 else "requested", "fraction": 0.5}

    def document(self) -> dict[str, Any]:
        def member(cast_id: str, seconds: float) -> dict[str, Any]:
            seen = {"visible_s": seconds, "share": 0.1, "appearances": 1, "longest_s": seconds, "confidence": 1.0}
            return seen | {
                "cast_id": cast_id,
                "name": cast_id.title(),
                "intervals_s": [[0.0, seconds]],
                "identity_ids": ["identity-00001"],
            }

        return {
            "episode_id": EPISODE,
            "run_id": RUN,
            "revision": 1,
            "duration_s": 140.0,
            "cast": [member("rita", 14.0), member("greta", 5.0)],
            "unidentified": [],
            "co_appearance_s": [],
            "coverage": {"any_face_s": 19.0, "nobody_s": 121.0},
        }

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def data(self, data: dict[str, Any], status: int = 200) -> None:
        self.answer(status, json.dumps({"success": True, "data": data}).encode())

    def answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def api() -> Iterator[tuple[type[Api], str]]:
    kind = type("FreshApi", (Api,), {"parts": {}, "announced": {}, "looks": 0, "failure": None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield kind, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pip install ./sdk`, without what is there already."""
    pytest.importorskip("setuptools", minversion="75")
    copy, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("sdk", "screenalytics/http_client"):  # what a build leaves behind is left there
        shutil.copytree(ROOT / name, copy / name)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(
        [*pip, "--no-compile", "--target", target, copy / "sdk"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return target


def run(code: str, installed: Path, url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    video = folder / "Night Shift S02E05.mp4"
    video.write_bytes(b"a film of twenty bytes"[:20])
    variables = {"SCREENALYTICS_API_URL": url, "SCREENALYTICS_API_KEY": "sk_x", "VIDEO": str(video)}
    alone = "import sys; sys.modules.update(dict.fromkeys(('screenalytics', 'chassis', 'contracts', 'services')))\n"
    return subprocess.run(
        [sys.executable, "-c", alone + code],
        env=os.environ | variables | {"PYTHONPATH": str(installed)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", [0, 1], ids=["synchronous", "asynchronous"])
def test_an_episode_is_done_as_the_page_says(
    api: tuple[type[Api], str], installed: Path, tmp_path: Path, number: int
) -> None:
    kind, url = api
    done = run(blocks("python")[number], installed, url, tmp_path)
    assert done.returncode == 0, done.stderr
    shown = blocks("text")[number]
    assert done.stdout == shown if number == 0 else done.stdout.endswith(shown)
    assert b"".join(kind.parts[part] for part in sorted(kind.parts)) == b"a film of twenty byt"
    assert (kind.announced["title"], kind.announced["bytes"]) == ("Night Shift S02E05", 20)
    if number == 0:
        assert b"Timeline" in (tmp_path / f"{EPISODE}.otio").read_bytes()


def test_the_five_lines_are_five() -> None:
    lines = [line for line in blocks("python")[0].splitlines() if line.strip() and "import" not in line]
    assert len(lines) <= 5


@pytest.mark.parametrize("kind_of_client", ["Screenalytics", "AsyncScreenalytics"])
def test_an_episode_that_fails_says_why(
    api: tuple[type[Api], str], installed: Path, tmp_path: Path, kind_of_client: str
) -> None:
    kind, url = api
    kind.failure = {"code": "not_a_video", "message": "The file is not a video.", "stage": "ingest"}
    code = f"""
import asyncio, inspect, os
from screenalytics_sdk.episodes import {kind_of_client}, RunNotFinished
async def main():
    api = {kind_of_client}(os.environ["SCREENALYTICS_API_URL"])
    try:
        done = api.process(os.environ["VIDEO"], "{EPISODE}")
        await done if inspect.isawaitable(done) else None
    except RunNotFinished as failure:
        print(failure.code, failure.message)
asyncio.run(main())
"""
    done = run(code, installed, url, tmp_path)
    assert done.stdout == "not_a_video The file is not a video.\n", done.stderr
