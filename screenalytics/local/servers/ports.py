"""Free loopback ports for servers.

Ports are taken from below the kernel's ephemeral range. A server port inside that range can be taken by any outgoing
connection while the server restarts; worse, a client that keeps dialling a closed port there may in the end be
connected to itself, because the kernel picked the same number as source port.
"""

from __future__ import annotations

import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"

_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 15_000
_HIGHEST = 32_000
_FEWEST = 1_000
_TRIES = 500

_handed_out: set[int] = set()


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now (connections in TIME_WAIT do not count)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def choose_free_port() -> int:
    """A loopback port that is free now and that this process was not given before.

    Raises OSError where 500 tries found none.
    """
    lowest, highest = _server_range()
    for _ in range(_TRIES):
        port = random.SystemRandom().randrange(lowest, highest)
        if port not in _handed_out and is_free(port):
            _handed_out.add(port)
            return port
    raise OSError(f"no free loopback port found between {lowest} and {highest}")


def _server_range() -> tuple[int, int]:
    try:
        first_ephemeral = int(_EPHEMERAL_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first_ephemeral = _HIGHEST
    highest = min(_HIGHEST, first_ephemeral)
    if highest - _LOWEST < _FEWEST:  # the administrator widened the ephemeral range: nothing below it to choose from
        highest = _HIGHEST
    return _LOWEST, highest
