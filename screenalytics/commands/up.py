"""`screenalytics up`: the whole system until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from contracts.events import SERVICES
from screenalytics import console_files
from screenalytics.local.machine import API, run_machine, until_api_answers
from screenalytics.local.servers import ChildEvent
from screenalytics.local.servers.directory import PortTable
from screenalytics.local.servers.ports import choose_free_port


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _tell(event: ChildEvent) -> None:
    _say(
        f"{event.name}: {event.kind.value}" + (f" (status {event.returncode})" if event.returncode is not None else "")
    )


API_URL = "SCREENALYTICS_API_URL"


async def up(*, keep: Path | None, ports: PortTable, api_port: int | None = None) -> int:
    """Run until SIGINT or SIGTERM. The addresses go to stdout as shell assignments, ready for `export`."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    port = api_port or choose_free_port()
    async with run_machine(
        keep=keep,
        ports=ports,
        services=[*SERVICES, API],
        http_ports={API: port},
        say=_say,
        on_event=_tell,
    ) as machine:
        addresses = machine.stack.environment() | {API_URL: f"http://127.0.0.1:{port}"}
        for name, value in sorted(addresses.items()):
            print(f"{name}={value}")
        sys.stdout.flush()
        _say(f"logs are in {machine.stack.log_path('x').parent}")
        await until_api_answers(port, stop)
        if console_files.folder() is not None:
            _say(f"the console is at http://127.0.0.1:{port}/")
        _say("running; Ctrl-C ends everything" + ("" if keep else " and removes its data (--keep DIR keeps it)"))
        await stop.wait()
        _say("stopping")
    return 0
