"""What the embedded servers need on this machine, looked at before anything is started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from screenalytics.local.servers.errors import NotInstalled
from screenalytics.local.servers.programs import seaweedfs_program, secantusdb_program, tansu_program


@dataclass(frozen=True)
class Missing:
    """Something that is not there; `remedy` is a sentence that says what to do."""

    name: str
    remedy: str


def check_installed() -> list[Missing]:
    """What the embedded S3, Kafka and MongoDB servers lack; empty where they can be started.

    Triton is not looked at here: its program is fetched at set-up, not installed.
    """
    programs: tuple[tuple[str, Callable[[], str]], ...] = (
        ("weed", seaweedfs_program),
        ("tansu", tansu_program),
        ("secantusd-py", secantusdb_program),
    )
    missing = []
    if sys.platform != "linux":
        missing.append(
            Missing("linux", "The embedded servers are only tested on Linux: set the addresses of servers of your own.")
        )
    for name, find in programs:
        try:
            find()
        except NotInstalled as error:
            missing.append(Missing(name, str(error)))
    return missing
