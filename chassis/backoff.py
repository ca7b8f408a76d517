"""How long to wait before something is tried again. Imports nothing: programs that only read a file use it too."""

from __future__ import annotations


def backoff(attempt: int, *, first_s: float, max_s: float, jitter: float) -> float:
    """Seconds to wait after the `attempt`-th failure (from 1): doubling, capped; `jitter` (0..1) takes up to half."""
    return min(max_s, first_s * 2.0 ** min(attempt - 1, 30)) * (1.0 - 0.5 * jitter)
