"""Cutting an upload into parts, and comparing what came with what was announced. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MIB = 2**20
MOST_PARTS = 1000
"""S3 takes ten times as many; fewer are easier to list."""


def part_size(total: int, *, smallest: int) -> int:
    """Bytes of every part but the last: at least `smallest`, whole MiB, not more than `MOST_PARTS` parts."""
    needed = -(-total // MOST_PARTS)
    return max(smallest, -(-needed // MIB) * MIB)


def part_sizes(total: int, size: int) -> list[int]:
    """Bytes of each part, in order."""
    whole, rest = divmod(total, size)
    return [size] * whole + ([rest] if rest else [])


def missing_parts(sizes: list[int], uploaded: Mapping[int, int]) -> list[int]:
    """Numbers (from 1) of the parts that are not there, or not with the right number of bytes."""
    return [number for number, size in enumerate(sizes, start=1) if uploaded.get(number) != size]
