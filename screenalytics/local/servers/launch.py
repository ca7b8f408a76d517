"""Become a program that the kernel ends as soon as its parent is gone, also after `kill -9` of the parent.

Run by path, in a fresh interpreter: `python -I -S launch.py PARENT_PID SIGNAL [WATCHER [ARGUMENT...]] -- PROGRAM
[ARGUMENT...]`. It asks for the parent-death signal (prctl(2), PR_SET_PDEATHSIG), which survives execve, and then execs
the program, so the program keeps this process id. Doing it here and not in a `preexec_fn` keeps the forking of a
threaded parent safe.

The signal reaches the program and not its children. Where those may stay, a WATCHER (`cleanup.py`) is started before, in
a session of its own, with a descriptor of this process, its id and the ARGUMENTs.

On other systems than Linux there is no such signal: the program then ends by an explicit stop only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PARENT_IS_GONE = 125

_PYTHON = (sys.executable, "-I", "-S")
_END_OF_WATCHER = "--"


def command(program: Sequence[str], death_signal: signal.Signals, *, watcher: Sequence[str] = ()) -> list[str]:
    """The command that becomes `program` as a child of this process; `watcher` is a file of Python and its arguments."""
    return [*_PYTHON, __file__, str(os.getpid()), str(int(death_signal)), *watcher, _END_OF_WATCHER, *program]


def end_with(parent_pid: int, death_signal: int) -> bool:
    """Ask for a signal when the parent is gone; False where it is gone already."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    # A parent that died before the call above sends no signal any more.
    return os.getppid() == parent_pid


def start_watcher(watcher: Sequence[str]) -> None:
    """Start what watches this process, and the program that it becomes; nothing where the kernel cannot tell of its end."""
    try:
        descriptor = os.pidfd_open(os.getpid())
    except (AttributeError, OSError):  # another system than Linux, or older than 5.3
        return
    os.set_inheritable(descriptor, True)
    file, *arguments = watcher
    argv = [*_PYTHON, file, str(descriptor), str(os.getpid()), *arguments]
    os.posix_spawn(sys.executable, argv, os.environ, setsid=True)
    os.close(descriptor)


def main(arguments: list[str]) -> int:
    """Exec the program named in `arguments`; returns (an exit status) only where that was not done."""
    end_of_watcher = arguments.index(_END_OF_WATCHER)
    parent_pid, death_signal, *watcher = arguments[:end_of_watcher]
    program = arguments[end_of_watcher + 1 :]
    if not end_with(int(parent_pid), int(death_signal)):
        return PARENT_IS_GONE
    if watcher:
        start_watcher(watcher)
    # The interpreter ignores these two, and ignored signals stay ignored over an exec.
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(ignored, signal.SIG_DFL)
    os.execvp(program[0], program)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
