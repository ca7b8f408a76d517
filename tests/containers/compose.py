"""`docker compose` on the copied checkout, and the API that it serves."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from tests.containers.checkout import PROJECT
from tests.containers.engine import container_facts, run

API = "http://127.0.0.1:8080"
UP_S = 600.0
EPISODE_S = 900.0

SecondsOf = dict[str, float]
"""Name of a cast member -> visible seconds."""


@dataclass
class Compose:
    """One compose project. `folder` is the copied checkout, `log` gets what commands print."""

    folder: Path
    log: Path
    variables: dict[str, str]
    key: str = ""

    def __call__(self, *arguments: str, within_s: float = UP_S, logged: bool = True) -> str:
        """What `docker compose …` prints. Raises AssertionError when it fails."""
        command = ["docker", "compose", "--project-name", PROJECT, *arguments]
        into = self.log if logged else None
        return run(*command, folder=self.folder, environment=self.variables, within_s=within_s, into=into)

    def up(self) -> None:
        """Start what is not running and wait until all of it is healthy and every set-up container is done."""
        try:
            self("up", "--detach", "--wait", "--no-build")
        except AssertionError as error:
            logs = self("logs", "--tail", "15", logged=False)
            raise AssertionError(f"{error}\n{logs[-6000:]}") from None

    def containers(self) -> dict[str, dict[str, object]]:
        """Service -> what the engine says of its container, also of one that has ended."""
        names = self("ps", "--all", "--quiet", logged=False).split()
        facts = container_facts(names)
        return {str(fact["Config"]["Labels"]["com.docker.compose.service"]): fact for fact in facts}  # type: ignore[index]

    def tools(self, *arguments: str) -> str:
        """What one of our commands prints, run with an administrator's rights."""
        return self("run", "--rm", "--no-deps", "-T", "tools", *arguments, logged=False)

    @contextmanager
    def api(self) -> Iterator[Client]:
        with Client(API, key=self.key) as client:
            yield client

    def upload(self, ep_id: str, video: Path) -> None:
        """Send a video in parts to S3, as a browser does; the API starts its run."""
        data = video.read_bytes()
        body = models.NewUpload(
            ep_id=ep_id, filename=video.name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest()
        )
        with self.api() as api:
            upload = api.begin_upload(body).data
            for part in upload.urls or ():
                start = (part.part - 1) * upload.part_bytes
                piece = data[start : start + part.bytes]
                with urlopen(Request(part.url, data=piece, method="PUT"), timeout=60) as answer:
                    assert answer.status == 200
            api.complete_upload(upload.upload_id)

    def finished(self, ep_id: str) -> SecondsOf:
        """Wait for an episode's result; seconds by name.

        Raises AssertionError when its run fails or takes too long.
        """
        until = time.monotonic() + EPISODE_S
        while time.monotonic() < until:
            with self.api() as api:
                run_now = api.get_episode_status(ep_id).data.run
                state = str(run_now.state) if run_now is not None else "requested"
                assert state not in {"failed", "cancelled"}, f"{ep_id}: {state}: {run_now}"
                if state == "finished":
                    return self.seconds(ep_id)
            time.sleep(2)
        raise AssertionError(f"{ep_id} has no result after {EPISODE_S:.0f} s")

    def seconds(self, ep_id: str) -> SecondsOf:
        with self.api() as api:
            document = api.read_screen_time(ep_id).data
        return {person.name: person.visible_s for person in document.cast}

    def status_of(self, path: str, headers: dict[str, str] | None = None) -> int:
        """The HTTP status of a GET, asked for by a program outside that knows nothing of us."""
        given = [part for name, value in (headers or {}).items() for part in ("--header", f"{name}: {value}")]
        command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *given, f"{API}{path}"]
        return int(subprocess.run(command, capture_output=True, text=True, check=False).stdout or 0)
