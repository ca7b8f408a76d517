"""Run every attack against a stack of its own, and print what was tried, what was answered and who else noticed.

python -m tests.hostile [WORD…]: only attacks whose family or name has one of the words. Exit status 1 when one succeeds.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time

from tests.hostile.attack import Attack, Outcome
from tests.hostile.bystander import Impact, bystander
from tests.hostile.registry import ATTACKS
from tests.hostile.target import Target, attacked

FILES = 4096
PREPARED_S = 120.0
ROW = "{:10}{:52}{:32}{:>7}{:>8}{:>8}{:>8}{:>8}  {}"


async def run(attack: Attack, target: Target) -> Outcome:
    """Carry an attack out, with somebody else using the API meanwhile. One that breaks is one that was not held."""
    try:
        async with asyncio.timeout(PREPARED_S):
            await attack.prepare(target)
    except Exception as error:
        return Outcome(attack=attack, answered=_said(error), seconds=0.0, impact=Impact())
    async with bystander(target.url, target.keys["viewer"], target.pids) as impact:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(attack.within_s):
                answered = await attack.run(target)
        except Exception as error:
            answered = _said(error)
        seconds = time.monotonic() - begun
    return Outcome(attack=attack, answered=answered, seconds=seconds, impact=impact)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:60]


def row_of(outcome: Outcome) -> str:
    impact = outcome.impact
    return ROW.format(
        outcome.attack.family,
        outcome.attack.name[:50],
        outcome.answered[:31],
        f"{outcome.seconds:.1f}",
        f"{impact.worked_s:.1f}",
        f"{impact.grown_mib:+.0f}",
        f"{impact.median_s * 1000:.0f}",
        f"{impact.slowest_s * 1000:.0f}",
        "; ".join(outcome.faults) or "holds",
    )


async def main(words: list[str]) -> int:
    chosen = [
        attack for attack in ATTACKS if not words or any(word in f"{attack.family} {attack.name}" for word in words)
    ]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, most), most))
    failed = 0
    async with attacked() as target:
        print(ROW.format("family", "tried", "answered", "s", "cpu s", "MiB", "med ms", "max ms", "verdict"), flush=True)
        for attack in chosen:
            outcome = await run(attack, target)
            failed += bool(outcome.faults)
            print(row_of(outcome), flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} attacks were held.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
