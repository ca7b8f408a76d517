"""Ends a model's process with its server, however that ends.

The stub notices by itself within some 3 s, removes its shared memory and ends; but not where it waits for a lock that a
killed server holds for ever.
"""

import os
import select
import signal
import threading
import time
from pathlib import Path

PATIENCE_S = 5.0
"""How long the stub may take to end by itself."""


SERVER = 5
"""Which argument of a stub is its server's process id."""


def end_with_parent() -> None:
    """Kills this process some seconds after its parent; a thread watches, which costs nothing while it waits (Linux)."""
    parent = os.getppid()
    if _server() not in (None, parent):  # it ended while this process started
        _end()
    try:
        watched = os.pidfd_open(parent)
    except ProcessLookupError:
        _end()
    except (AttributeError, OSError):  # an old kernel, or another system: the stub's own look must do
        return
    else:
        if os.getppid() != parent:  # it ended before it was watched
            _end()
        threading.Thread(target=_end_after, args=(watched,), name="lifeline", daemon=True).start()


def _server() -> int | None:
    """The process that started this one, as it is told; None where it is not (a system without /proc, no stub)."""
    try:
        return int(Path("/proc/self/cmdline").read_bytes().split(b"\0")[SERVER])
    except (OSError, IndexError, ValueError):
        return None


def _end_after(watched: int) -> None:
    poll = select.poll()
    poll.register(watched, select.POLLIN)
    poll.poll()
    time.sleep(PATIENCE_S)
    _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
