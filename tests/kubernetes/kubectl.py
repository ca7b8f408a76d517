"""kubectl, as the documentation says to use it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.kubernetes.programs import path_of

Resource = dict[str, Any]
WITHIN_S = 180.0


class Refused(AssertionError):
    """What the API server said in place of doing it."""


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl with one user's file; what it prints goes to the log too."""

    config: Path
    log: Path

    def __call__(self, *arguments: str, given: object | None = None, within_s: float = WITHIN_S) -> str:
        """What it prints; `given` is sent to its standard input as JSON. Raises Refused."""
        done = subprocess.run(
            [str(path_of("kubectl")), f"--kubeconfig={self.config}", *arguments],
            input=None if given is None else json.dumps(given),
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        with self.log.open("a") as log:
            log.write(f"$ kubectl {' '.join(arguments)}\n{done.stdout[-20_000:]}{done.stderr}")
        if done.returncode != 0:
            raise Refused((done.stderr or done.stdout).strip()[:1500])
        return done.stdout

    def get(self, *arguments: str) -> Resource:
        """One object, or a list of them, as the API has it."""
        found: Resource = json.loads(self("get", *arguments, "--output=json"))
        return found

    def items(self, *arguments: str) -> list[Resource]:
        """A list's objects."""
        found: list[Resource] = self.get(*arguments)["items"]
        return found

    def apply(self, resource: Resource, *options: str) -> str:
        return self("apply", "--filename=-", *options, given=resource)


def wait_until(what: str, holds: Callable[[], bool], *, within_s: float, pause_s: float = 1.0) -> float:
    """Seconds until it holds. Raises AssertionError when it does not in time."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < within_s, f"not within {within_s:.0f} s: {what}"
        time.sleep(pause_s)
    return time.monotonic() - begun
