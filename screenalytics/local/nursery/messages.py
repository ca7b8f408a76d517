"""What is said between the nursery and the machine that it belongs to, over one connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Begin:
    """A service to start: which, with what environment, in which folder, logging where. `number` is the machine's."""

    number: int
    service: str
    environment: Mapping[str, str]
    directory: str
    log_path: str


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A signal for a service; nothing where it has ended."""

    number: int
    signal: int


@dataclass(frozen=True, kw_only=True)
class Begun:
    """The answer to `Begin`."""

    number: int
    pid: int


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A service has ended; a negative status is the signal that did it."""

    number: int
    status: int
