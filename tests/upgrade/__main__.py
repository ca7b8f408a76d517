"""Prove that an upgrade loses nothing: `make upgrade-proof`, or python -m tests.upgrade [--work DIR].

The release before and this one run on the same Apache Kafka, embedded MongoDB and S3, each with its own inference server. It
needs the history of a full clone, Java, Maven and the labelled episodes. Exit status 1 when a step fails, 2 when it cannot.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from tests.containers.__main__ import say
from tests.containers.engine import CannotProve
from tests.support.containers import ROOT
from tests.upgrade.releases import BEFORE
from tests.upgrade.steps import STEPS, prepared


async def prove(work: Path) -> int:
    """Every step, the first that fails ends it. Returns the exit status. Raises CannotProve."""
    begun = time.monotonic()
    async with prepared(work) as proof:
        say("servers, and two releases", time.monotonic() - begun, f"{BEFORE[:7]} and this checkout")
        for name, step in STEPS:
            begun = time.monotonic()
            try:
                seen = await step(proof)
            except AssertionError as error:
                say(name, time.monotonic() - begun, f"FAILED: {error}")
                return 1
            say(name, time.monotonic() - begun, seen)
    print("Everything holds.")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade", description=__doc__.split("\n\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "upgrade-proof", help="where logs go")
    work: Path = parser.parse_args().work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(prove(work))
    except CannotProve as error:
        print(f"cannot run here: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
