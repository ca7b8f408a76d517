"""`screenalytics up`: the whole system until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from screenalytics.machine import run_machine
from screenalytics.stack import ChildEvent
from screenalytics.stack.directory import PortTable


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _tell(event: ChildEvent) -> None:
    _say(
        f"{event.name}: {event.kind.value}" + (f" (status {event.returncode})" if event.returncode is not None else "")
    )


async def up(*, keep: Path | None, ports: PortTable) -> int:
    """Run until SIGINT or SIGTERM. The addresses go to stdout as shell assignments, ready for `export`."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with run_machine(keep=keep, ports=ports, say=_say, on_event=_tell) as machine:
        for name, value in sorted(machine.stack.environment().items()):
            print(f"{name}={value}")
        sys.stdout.flush()
        _say(f"logs are in {machine.stack.log_path('x').parent}")
        _say("running; Ctrl-C ends everything" + ("" if keep else " and removes its data (--keep DIR keeps it)"))
        await stop.wait()
        _say("stopping")
    return 0
