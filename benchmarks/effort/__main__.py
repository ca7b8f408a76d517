"""Seconds still wrong after so many keys: `python -m benchmarks.effort [--only TEXT] [--mode MODE] [--json FILE]`.

An operator who knows the truth works the review queue over the API with the console's keys. For comparison the same operator
goes through the people from the largest to the smallest and answers the same about each (`largest first`), and does so
typing every name (`typed`). What the embedder says of every set is found out once and kept in `--work`; each trial groups
and names the episode anew.

`pictures`: reference pictures of the cast are there. `names`: the cast's names are there, as from a call sheet. `nobody`:
not even these, so every name is typed in full once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx

from benchmarks.effort.cases import Case, cases_of
from benchmarks.effort.known import MODES, Mode, introduce, load, names_of, save, vectors_of
from benchmarks.effort.owners import Answers
from benchmarks.effort.recording import seed
from benchmarks.effort.replay import ORDERS, Api, Order, Worked, work
from benchmarks.effort.sets import WorkSet, analyse, find_sets, served, tell
from benchmarks.effort.tables import HEADER, Trial, pairs_table, reliability_table, summary
from chassis.mongo.database import Database, connect
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings

PATIENCE_S = 300.0


class Bench:
    """A machine on which cases are worked through, each trial on an episode of its own."""

    def __init__(self, settings: ChassisSettings, storage: Storage, database: Database, url: str) -> None:
        self._settings, self._storage, self._database, self._url = settings, storage, database, url
        self._introduced: set[str] = set()

    async def know(self, work: Path, sets: Sequence[WorkSet], cases: Sequence[Case]) -> dict[str, Answers]:
        """The answers to every case, by its name; pictures of the sets that nobody looked at yet are looked at."""
        kept = work / "references.npz"
        references = load(kept)
        by_name = {case.name: case for case in cases}
        for one in sets:
            if not any(name == one.name for name, _ in references):
                show = await self._introduce(by_name[one.name], "pictures", "")
                references |= await vectors_of(self._settings, self._database, one.name, show)
                await asyncio.to_thread(save, kept, references)
        return {case.name: case.answers(references) for case in cases}

    async def try_out(self, case: Case, answers: Answers, mode: Mode, order: Order) -> Worked:
        """Group and name the episode anew, and work through what is asked about it."""
        number = 1 + ORDERS.index(order)
        show = await self._introduce(case, mode, "" if mode == "pictures" else f"-{number}")
        ep_id = f"{show}-s01e{number:02d}"
        await seed(self._settings, self._storage, self._database, ep_id, case.parts)
        await self._until_reported(ep_id)
        api = Api(self._url, ep_id)
        worked = await asyncio.to_thread(work, api, answers, names_of(case, mode), order)
        tell(f"{case.name}, {mode}, {order}: {len(worked.steps)} answers in {worked.seconds:.0f} s")
        return worked

    async def _introduce(self, case: Case, mode: Mode, more: str) -> str:
        show = f"effort-{case.name.lower()}-{mode}{more}"
        if show not in self._introduced:
            await asyncio.to_thread(introduce, self._url, show, case, mode)
            self._introduced.add(show)
        return show

    async def _until_reported(self, ep_id: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        async with httpx.AsyncClient(base_url=self._url) as client:
            while (await client.get(f"/screen-time/{ep_id}")).status_code != httpx.codes.OK:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{ep_id} is not reported")
                await asyncio.sleep(0.2)


async def measure(options: argparse.Namespace) -> list[Trial]:
    """Every case that is wanted, in every mode and order that is wanted."""
    sets = find_sets(options.work, options.media or [])
    await analyse(options.work, sets)
    cases = cases_of(options.work, sets)
    trials: list[Trial] = []
    async with served() as (machine, url), Storage.connect(machine.settings.s3) as storage:
        await storage.ensure_bucket()
        async with connect(machine.settings.mongo) as database:
            bench = Bench(machine.settings, storage, database, url)
            answers = await bench.know(options.work, sets, cases)
            print(HEADER, flush=True)
            for case in wanted(cases, options.only or [""]):
                for mode in options.mode or MODES:
                    worked = {
                        order: await bench.try_out(case, answers[case.name], mode, order)
                        for order in options.order or ORDERS
                    }
                    trials.append(Trial(name=case.name, mode=mode, answers=answers[case.name], worked=worked))
                    print(summary(trials[-1]), flush=True)
    return trials


def wanted(cases: Sequence[Case], texts: Sequence[str]) -> list[Case]:
    """Those with one of the texts in their names, in the order of the texts."""
    return list({case.name: case for text in texts for case in cases if text in case.name}.values())


def as_document(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """What `--json` writes."""
    return [
        {
            "set": trial.name,
            "mode": trial.mode,
            "visible_s": trial.answers.visible_s,
            "floor_s": trial.answers.floor_s,
            "orders": {order: asdict(worked) for order, worked in trial.worked.items()},
        }
        for trial in trials
    ]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.effort", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--work", type=Path, default=Path("out/effort"), help="where sets and their analyses are kept")
    parser.add_argument("--media", type=Path, action="append", help="folder of labelled episodes; may be repeated")
    parser.add_argument(
        "--only", action="append", metavar="TEXT", help="only sets with TEXT in their name; may be repeated"
    )
    parser.add_argument("--mode", choices=MODES, action="append", help="may be repeated; all where not given")
    parser.add_argument("--order", choices=ORDERS, action="append", help="may be repeated; both where not given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every step as JSON")
    options = parser.parse_args()
    trials = asyncio.run(measure(options))
    if options.json:
        options.json.write_text(json.dumps(as_document(trials), indent=1))
    print(f"\n{reliability_table(trials)}\n\n{pairs_table(trials)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
