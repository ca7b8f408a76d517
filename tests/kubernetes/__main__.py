"""Prove the Kubernetes deployment on Kubernetes: `make k8s-proof`, or python -m tests.kubernetes [PART…] [--work DIR].

Each part has a control plane of its own; without a name all are proved. The programs are built once, from Go modules
(`tests/kubernetes/modules`), and kept in the user's cache. Exit status 1 when a step fails, 2 when it cannot run.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import shutil
import sys
import time
from pathlib import Path

from screenalytics.local.servers.ports import LOOPBACK
from tests.containers.__main__ import say
from tests.containers.engine import CannotProve
from tests.kubernetes import cluster, ingress, own_machine
from tests.kubernetes.control_plane import control_plane
from tests.kubernetes.parts import PARTS, Part, Step
from tests.kubernetes.programs import KUBERNETES_VERSION, build
from tests.support.containers import ROOT


def prove(name: str, work: Path) -> int:
    """Build what a part needs, and take its steps. Returns the exit status. Raises CannotProve."""
    part = PARTS[name]
    if part.prepare is not None:
        own_machine.check()
    empty(work)
    begun = time.monotonic()
    made = build(part.programs, work / "commands.log", building)
    if made:
        say("programs", time.monotonic() - begun, ", ".join(made))
    if part.prepare is None:
        return asyncio.run(take_steps(name, part, work, LOOPBACK))
    begun = time.monotonic()
    prepared = part.prepare(work, building)
    say("images", time.monotonic() - begun, prepared)
    command = [sys.executable, "-m", "tests.kubernetes", name, "--work", str(work.parent), "--inside"]
    try:
        return own_machine.run_inside(command)
    finally:
        # Gigabytes of images; logs are beside them.
        shutil.rmtree(work / "containerd", ignore_errors=True)


def prove_inside(name: str, work: Path) -> int:
    """The steps of a part, in a machine of its own that this process is the first of."""
    own_machine.furnish(work, cluster.RESOLVER, ingress.NAMES)
    return asyncio.run(take_steps(name, PARTS[name], work, own_machine.ADDRESS))


def building(text: str) -> None:
    print(f"  building {text}", flush=True)


async def take_steps(name: str, part: Part, work: Path, address: str) -> int:
    """Every step of a part, the first that fails ends it. Returns the exit status. Raises CannotProve."""
    begun = time.monotonic()
    async with control_plane(work, part.children, address) as plane, part.world(plane) as given:
        said = [program for program in part.programs if program != "kubectl"]
        say(f"{name}: Kubernetes {KUBERNETES_VERSION}", time.monotonic() - begun, ", ".join(said))
        for step_name, step in part.steps:
            begun = time.monotonic()
            try:
                seen = await taken(step, given)
            except (AssertionError, TimeoutError) as error:
                say(step_name, time.monotonic() - begun, f"FAILED: {error or 'not in time'}")
                return 1
            say(step_name, time.monotonic() - begun, seen)
    return 0


async def taken(step: Step, given: object) -> str:
    """What a step saw; one that waits for programs does so beside the loop."""
    if inspect.iscoroutinefunction(step):
        seen: str = await step(given)
        return seen
    return str(await asyncio.to_thread(step, given))


def empty(folder: Path) -> None:
    """A folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def prove_all(names: list[str], work: Path) -> int:
    for name in names:
        if status := prove(name, work / name):
            return status
    print("Everything holds.")
    return 0


def main() -> int:
    about = __doc__.split("\n\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes", description=about)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all of them without a name")
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "k8s-proof", help="where logs go")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    work = options.work.resolve()
    try:
        if options.inside:
            return prove_inside(options.parts[0], work / options.parts[0])
        return prove_all(options.parts or list(PARTS), work)
    except CannotProve as error:
        print(f"cannot run here: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
