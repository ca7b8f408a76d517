"""What an ended program left running: the processes of the session that it led.

Sessions and not process groups, because some programs (Triton) put their children into groups of their own. Read from
/proc, so this finds nothing on other systems than Linux.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_PROC = Path("/proc")
_STATE, _SESSION = 0, 3  # fields of /proc/PID/stat, counted after the command's closing parenthesis
_ENDED = ("Z", "X")


def remaining(leader: int) -> list[int]:
    """Ids of the running processes in the session of a leader that has ended and was waited for.

    The kernel gives a session's number to no new process while the session has members. So where a process with that
    number exists again, the session is gone and the process is a stranger. No program leads session 0, the kernel's.
    """
    if leader <= 0 or (_PROC / str(leader)).exists():
        return []
    return [int(entry.name) for entry in _PROC.glob("[0-9]*") if _is_member(entry, leader)]


def kill_remaining(leader: int) -> None:
    """SIGKILL the processes that `remaining` finds."""
    for pid in remaining(leader):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it ended meanwhile


def _is_member(entry: Path, session: int) -> bool:
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # it ended meanwhile
        return False
    return int(fields[_SESSION]) == session and fields[_STATE] not in _ENDED
