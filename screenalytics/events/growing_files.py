"""Whether a file is still being written: a recording that goes on, a copy under way. Its first part is no episode."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

from chassis.errors import BadInput


def check_complete(path: Path) -> None:
    """Refuse a file that a program of this machine has open for writing, also one that pauses.

    The kernel knows; it is asked by a read lease, which it grants only where nobody writes. File systems without leases
    and other people's files give no answer: those are taken.

    Raises:
        BadInput: `file_growing`; OSError where the file cannot be opened.
    """
    if _has_writer(path):
        raise growing(path)


def growing(path: Path) -> BadInput:
    """The refusal of a file that is still being written."""
    return BadInput("file_growing", f"{path.name} is still being written to: try again when it is complete.")


def _has_writer(path: Path) -> bool:
    if not hasattr(fcntl, "F_SETLEASE"):  # elsewhere than on Linux
        return False
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.fcntl(
            opened, fcntl.F_SETSIG, signal.SIGURG
        )  # ignored; the default would end us if a writer came just now
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(opened)
    return False
