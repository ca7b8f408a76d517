"""The integration tests on FerretDB: `make mongo-proof`, or python -m tests.ferretdb [--work DIR] [FILE…].

No behaviour may rest on the one embedded server of the MongoDB protocol. What FerretDB cannot do is listed in
`tests/ferretdb/refused.py` with its reason: such a test must fail here or takes too long, and every other must pass.
It needs Go, which builds FerretDB once (a minute of processor time). Exit status 1 when a test is not as listed, 2 when
it cannot run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from screenalytics.local.servers.ports import LOOPBACK, choose_free_port
from screenalytics.local.servers.probes import mongo_answers
from tests.conftest import OTHER_MONGO
from tests.containers.__main__ import say
from tests.containers.engine import CannotProve
from tests.ferretdb.program import ferretdb
from tests.ferretdb.refused import LARGE, REFUSED
from tests.ferretdb.translation import translating
from tests.support.containers import ROOT

START_S = 30.0
FILE_S = 900.0
"""A file of tests that takes longer has not ended."""
SUITE = "tests/integration"


@asynccontextmanager
async def running(program: Path, work: Path) -> AsyncIterator[int]:
    """FerretDB on a free loopback port, with its data below `work`. Raises AssertionError when it does not answer."""
    port, data = choose_free_port(), work / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    with (work / "ferretdb.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(program, "--handler=sqlite", f"--sqlite-url=file:{data}/", f"--state-dir={data}"),
            *(f"--listen-addr={LOOPBACK}:{port}", "--debug-addr=-", "--telemetry=disable", "--log-level=WARN"),
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + START_S
        while not await mongo_answers(f"mongodb://{LOOPBACK}:{port}/?directConnection=true"):
            assert time.monotonic() < until, f"FerretDB does not answer; see {work / 'ferretdb.log'}"
            await asyncio.sleep(0.1)
        yield port
    finally:
        process.terminate()
        await process.wait()


def outcomes(junit: Path) -> dict[str, bool]:
    """Of every test that ran, by file and name: whether it passed with all its parameters. Skipped ones are not there."""
    found: dict[str, bool] = {}
    for case in ET.parse(junit).getroot().iter("testcase"):
        if case.find("skipped") is None:
            name = f"{case.attrib['classname'].rpartition('.')[2]}::{case.attrib['name'].partition('[')[0]}"
            found[name] = found.get(name, True) and case.find("failure") is None and case.find("error") is None
    return found


def not_as_listed(found: Mapping[str, bool], refused: Mapping[str, str]) -> list[str]:
    """What differs from the list, a sentence each."""
    lost = [
        f"failed, and is not listed: {name}" for name, passed in found.items() if not passed and name not in refused
    ]
    return lost + [f"listed, and passed: {name}" for name in refused if found.get(name)]


def too_long(stem: str, refused: Mapping[str, str]) -> list[str]:
    """Names of a file's tests that are not run."""
    return [name.partition("::")[2] for name, why in refused.items() if why == LARGE and name.startswith(f"{stem}::")]


async def tried(file: Path, program: Path, work: Path, changes: Counter[str]) -> dict[str, bool]:
    """The outcomes of one file's tests on a FerretDB of its own: a request without end holds up no other file."""
    junit, log = work / f"{file.stem}.xml", work / f"{file.stem}.log"
    junit.unlink(missing_ok=True)
    async with (
        running(program, work / file.stem) as port,
        translating((LOOPBACK, port)) as (ours, rewritten),
    ):
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pytest", str(file), "-m", "not docker", f"--junitxml={junit}", "--tb=short"),
                *(f"--deselect={SUITE}/{file.stem}.py::{name}" for name in too_long(file.stem, REFUSED)),
                env={**os.environ, OTHER_MONGO: f"mongodb://{LOOPBACK}:{ours}/?directConnection=true"},
                cwd=ROOT,
                stdout=output,
                stderr=output,
            )
            try:
                await asyncio.wait_for(process.wait(), FILE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
                return {f"{file.stem}::(ended within {FILE_S:.0f} s)": False}
        changes.update(rewritten)
    return await asyncio.to_thread(outcomes, junit)


async def prove(work: Path, files: Sequence[Path]) -> int:
    """Run the files. Returns the exit status. Raises CannotProve."""
    program = await asyncio.to_thread(ferretdb, work / "build.log")
    changes: Counter[str] = Counter()
    found: dict[str, bool] = {}
    for file in files:
        begun = time.monotonic()
        own = await tried(file, program, work, changes)
        found |= own
        say(file.stem, time.monotonic() - begun, f"{sum(own.values())} of {len(own)} tests")
    wrong = not_as_listed(found, REFUSED)
    print(*wrong, sep="\n")
    print(
        f"{sum(found.values())} of {len(found)} tests hold on FerretDB; {len(REFUSED)} entries say why others do not."
    )
    for what, times in sorted(changes.items()):
        print(f"  {times} × {what}")
    return int(bool(wrong) or not found)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.ferretdb", description=__doc__.split("\n\n")[0])
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "mongo-proof", help="where logs go")
    parser.add_argument("files", nargs="*", type=Path, help=f"files of tests (default: all of {SUITE})")
    given = parser.parse_args()
    work: Path = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    try:
        return asyncio.run(prove(work, given.files or sorted((ROOT / SUITE).glob("test_*.py"))))
    except CannotProve as error:
        print(f"cannot run here: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
