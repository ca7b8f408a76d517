"""Cleaning up after a program that ended: processes of the session that it led, and files outside its directory.

Sessions and not process groups, because some programs (Triton) put their children into groups of their own. Read from
/proc, so this finds nothing on other systems than Linux.

Who started a program does this when it ends. Where that may be killed together with the program, `launch` starts this
file as a process beside it: `python -I -S cleanup.py PIDFD PID [PATTERN...]` waits for the end of the process PID, which
PIDFD is a descriptor of, and cleans up at once.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_PROC = Path("/proc")
_ENDED = ("Z", "X")  # as /proc/PID/stat says it after the command's closing parenthesis
KILL_SECONDS = 5.0  # within this the kernel has ended a killed process, also one with much memory to give back
POLL_SECONDS = 0.02


def remaining(leader: int) -> list[int]:
    """Ids of the running processes in the session of a leader that has ended and was waited for.

    The kernel gives a session's number to no new process while the session has members. So where a process with that
    number exists again, the session is gone and the process is a stranger. No program leads session 0, the kernel's.
    """
    if leader <= 0 or (_PROC / str(leader)).exists():
        return []
    return members(leader)


def members(session: int) -> list[int]:
    """Ids of the running processes in a session."""
    return [int(entry.name) for entry in _PROC.glob("[0-9]*") if _is_member(entry, session)]


def kill(pids: Iterable[int]) -> None:
    """SIGKILL processes, some of which may have ended meanwhile."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def matching(pattern: str) -> list[Path]:
    """The files that an absolute glob pattern names."""
    path = Path(pattern)
    return list(path.parent.glob(path.name))


def remove(files: Iterable[Path]) -> None:
    """Remove files (not folders), some of which may be gone."""
    for file in files:
        file.unlink(missing_ok=True)


def clean_up(descriptor: int, leader: int, patterns: Iterable[str]) -> None:
    """Kill what remains in the session of a leader that has ended, and remove the files that it leaves.

    `descriptor` (a pidfd) is of the leader; `patterns` name files of nobody else, also of no later start of the program.
    """
    deadline = time.monotonic() + KILL_SECONDS
    while (left := _left(descriptor, leader)) and time.monotonic() < deadline:
        kill(left)
        time.sleep(POLL_SECONDS)
    for pattern in patterns:
        remove(matching(pattern))


def main(arguments: list[str]) -> None:
    """Wait for the end of a process, which costs nothing meanwhile, and clean up after it."""
    descriptor, leader, patterns = int(arguments[0]), int(arguments[1]), arguments[2:]
    os.chdir("/")
    ended = select.poll()
    ended.register(descriptor, select.POLLIN)
    ended.poll()
    clean_up(descriptor, leader, patterns)


def _left(descriptor: int, leader: int) -> list[int]:
    """As `remaining`, also before the leader is waited for: it keeps its number as long."""
    try:
        signal.pidfd_send_signal(descriptor, 0)
    except ProcessLookupError:
        return remaining(leader)
    return members(leader)


def _is_member(entry: Path, session: int) -> bool:
    try:
        if os.getsid(int(entry.name)) != session:  # asked for every process of the machine: 50 times faster than a file
            return False
        state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # it ended meanwhile
        return False
    return state not in _ENDED


if __name__ == "__main__":
    main(sys.argv[1:])
