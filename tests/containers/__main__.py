"""Prove the deployment on real containers: `make docker-proof`, or python -m tests.containers [--keep] [--work DIR].

It builds the base images that are missing, both targets of the Dockerfile, and runs docker-compose.yml from a copy of the
checkout with random secrets, as a compose project of its own. It needs Docker (or root and dockerd, which it then starts for
as long as it takes), the ports that compose uses, and ten gigabytes. Exit status 1 when a step fails, 2 when it cannot run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from screenalytics.weights import default_cache_dir
from tests.containers.checkout import PROJECT, copy_to
from tests.containers.compose import Compose
from tests.containers.engine import CannotProve, engine, run, with_compose
from tests.containers.standins import build_all
from tests.containers.steps import STEPS, Proof
from tests.support.containers import ROOT

ROW = "{:34}{:>8}  {}"


def say(step: str, seconds: float, seen: str) -> None:
    print(ROW.format(step, f"{seconds:.0f} s", seen), flush=True)


def prove(work: Path, *, keep: bool) -> int:
    """Run every step in `work`, the first that fails ends it. Returns the exit status. Raises CannotProve."""
    log = work / "commands.log"
    with ExitStack() as cleanup:
        cleanup.enter_context(engine(work / "dockerd.log"))
        variables = with_compose(default_cache_dir(), log)
        begun = time.monotonic()
        made = build_all(log, lambda text: print(f"  building {text}", flush=True))
        say("stand-ins for base images", time.monotonic() - begun, ", ".join(made) or "none: the real ones are here")
        checkout = work / "checkout"
        shutil.rmtree(checkout, ignore_errors=True)
        copy_to(checkout)
        run(sys.executable, "-m", "screenalytics", "sample", str(work / "sample"), within_s=300, into=log)
        compose = Compose(folder=checkout, log=log, variables=variables)
        compose("down", "--volumes", "--timeout", "5")
        if not keep:
            cleanup.callback(compose, "down", "--volumes", "--timeout", "5")
        proof = Proof(
            compose=compose,
            video=work / "sample" / "sample-episode.mp4",
            cast=work / "sample" / "sample-episode.cast",
            work=work,
        )
        for name, step in STEPS:
            begun = time.monotonic()
            try:
                seen = step(proof)
            except AssertionError as error:
                say(name, time.monotonic() - begun, f"FAILED: {error}")
                return 1
            say(name, time.monotonic() - begun, seen)
    print("Everything holds. What stand-ins cannot prove: the official images' own entry points.")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.containers", description=__doc__.split("\n\n")[0])
    parser.add_argument("--keep", action="store_true", help=f"leave the compose project {PROJECT} running")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "docker-proof", help="where logs and results go")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        return prove(options.work, keep=options.keep)
    except CannotProve as error:
        print(f"cannot run here: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
