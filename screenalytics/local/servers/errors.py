"""What can go wrong with the embedded servers: every error says in one sentence what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class StackError(RuntimeError):
    """Base of all errors of the embedded stack; `code` is stable and may be shown to people and scripts."""

    code: ClassVar[str] = "stack.error"


class PortTaken(StackError):
    """A port that was asked for by number is in use by another program."""

    code = "stack.port_taken"

    def __init__(self, *, server: str, port: int) -> None:
        super().__init__(
            f"Port {port}, asked for by {server}, is already in use on 127.0.0.1: "
            "stop the program that holds it, or leave the port out so that a free one is chosen."
        )
        self.port = port


class NotInstalled(StackError):
    """The program of a server is not there."""

    code = "stack.not_installed"


class DirectoryInUse(StackError):
    """Another stack has this data directory open."""

    code = "stack.directory_in_use"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The data directory {path} is in use by another running stack: stop that one, or choose another directory."
        )


class ServerFailed(StackError):
    """A server ended, or did not become ready in time. The message quotes the end of its log."""

    code = "stack.server_failed"

    def __init__(self, *, server: str, reason: str, log_path: Path, log_tail: str) -> None:
        quoted = log_tail or "(the log is empty)"
        super().__init__(f"{server} {reason}. The last lines of {log_path}:\n{quoted}")


class ServerExited(ServerFailed):
    """A server ended before it was ready."""

    code = "stack.server_exited"
