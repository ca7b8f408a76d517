"""Become a program that the kernel ends as soon as its parent is gone, also after `kill -9` of the parent.

Run by path, in a fresh interpreter: `python -I -S launch.py PARENT_PID SIGNAL PROGRAM [ARGUMENT...]`. It asks for the
parent-death signal (prctl(2), PR_SET_PDEATHSIG), which survives execve, and then execs the program, so the program
keeps this process id. Doing it here and not in a `preexec_fn` keeps the forking of a threaded parent safe.

On other systems than Linux there is no such signal: the program then ends by an explicit stop only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PARENT_IS_GONE = 125


def end_with(parent_pid: int, death_signal: int) -> bool:
    """Ask for a signal when the parent is gone; False where it is gone already."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # A parent that died before the call above sends no signal any more.
    return os.getppid() == parent_pid


def main(arguments: list[str]) -> int:
    """Exec the program named in `arguments`; returns (an exit status) only where that was not done."""
    parent_pid, death_signal, program = int(arguments[0]), int(arguments[1]), arguments[2:]
    if not end_with(parent_pid, death_signal):
        return PARENT_IS_GONE
    # The interpreter ignores these two, and ignored signals stay ignored over an exec.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    os.execvp(program[0], program)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
