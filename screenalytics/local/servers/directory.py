"""The data directory of a stack: temporary and removed at the end, or kept and opened again by a later stack."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from screenalytics.local.servers.cleanup import matching, remove
from screenalytics.local.servers.errors import DirectoryInUse

_PREFIX = "screenalytics-stack-"
_LEFT_PREFIX = "screenalytics-unfinished-"
_LOCK = "lock"
_PORTS = "ports.json"
_LEFTOVERS = "leftovers.json"

PortTable = dict[str, dict[str, int]]
"""Ports by server name and port name."""


class StackDirectory:
    """A directory that one stack holds by a file lock, which ends with the process however it ends.

    What a killed stack left behind (its temporary directory, and the files outside it that it had noted) is removed
    by the next stack of the same user.
    """

    def __init__(self, kept: Path | None) -> None:
        """Open `kept` (made where missing), or a new temporary directory. Raises DirectoryInUse."""
        remove_abandoned()
        self.is_kept = kept is not None
        if kept is None:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        else:
            self.path = kept.resolve()
            self.path.mkdir(parents=True, exist_ok=True)
        self._left = self.path
        lock = _lock(self.path)
        if lock is None:
            raise DirectoryInUse(self.path)
        self._lock = lock
        _remove_noted_leftovers(self.path)

    def log_path(self, name: str) -> Path:
        """Where the program `name` writes its log."""
        return self.path / "logs" / f"{name.lower()}.log"

    def read_ports(self) -> PortTable:
        """The ports of the last stack in this directory, so that addresses stay the same where they can."""
        try:
            table: PortTable = json.loads((self.path / _PORTS).read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return table

    def write_ports(self, table: Mapping[str, Mapping[str, int]]) -> None:
        (self.path / _PORTS).write_text(json.dumps(table, indent=2, sort_keys=True))

    def note_leftovers(self, patterns: Iterable[str]) -> None:
        """Note the files outside this directory that go with it (glob patterns), in case we are killed."""
        (self.path / _LEFTOVERS).write_text(json.dumps(sorted(patterns)))

    def leave(self) -> Path:
        """Keep a temporary directory after all; returns where it will lie once it is closed."""
        if not self.is_kept:
            self.is_kept = True
            self._left = self.path.with_name(self.path.name.replace(_PREFIX, _LEFT_PREFIX))
        return self._left

    def close(self) -> None:
        """Give the directory up; a temporary one that was not left is removed."""
        if self.is_kept:
            (self.path / _LEFTOVERS).unlink(missing_ok=True)
            self.path.rename(self._left)
        else:
            _remove(self.path)
        self._lock.close()


def remove_abandoned() -> None:
    """Remove this user's temporary stack directories whose stack is gone."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not (path / _LOCK).is_file() or path.stat().st_uid != os.getuid():
            continue
        lock = _lock(path)
        if lock is None:
            continue
        _remove_noted_leftovers(path)
        _remove(path)
        lock.close()


def _remove(directory: Path) -> None:
    """Remove a directory that we hold, its lock last: what a server that is dying still writes goes with the next try."""
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != _LOCK:
            entry.unlink(missing_ok=True)
    if [entry.name for entry in directory.iterdir()] == [_LOCK]:
        shutil.rmtree(directory, ignore_errors=True)


def _lock(directory: Path) -> IO[str] | None:
    """The open, locked lock file; None where another process holds it.

    The file is locked before it gets its name, so that no one ever finds it unlocked while its stack is alive.
    """
    final = directory / _LOCK
    if not final.exists():
        new = directory / f"{_LOCK}.{os.getpid()}"
        file = new.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
        new.replace(final)
        return file
    file = final.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _remove_noted_leftovers(directory: Path) -> None:
    try:
        patterns: list[str] = json.loads((directory / _LEFTOVERS).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return
    for pattern in patterns:
        remove(matching(pattern))
