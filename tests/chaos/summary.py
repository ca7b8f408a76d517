"""The table of a campaign."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence

from tests.chaos.harness import Outcome

_HEAD = ("disturbance", "runs", "identical", "recovery median", "recovery max")


def summarise(outcomes: Sequence[Outcome], *, by_kind: bool) -> str:
    """A Markdown table: a row per disturbance, or per kind of disturbance, in the order of their first appearance."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.kind if by_kind else outcome.disturbance].append(outcome)
    rows = [_HEAD, *((name, *_figures(group)) for name, group in groups.items())]
    rows.append(("all", *_figures(list(outcomes))))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, " | ".join("-" * width for width in widths))
    return "\n".join(f"| {line} |" for line in lines)


def _figures(outcomes: Sequence[Outcome]) -> tuple[str, str, str, str]:
    identical = sum(not outcome.problems for outcome in outcomes)
    times = [outcome.recovery_s for outcome in outcomes if outcome.recovery_s is not None]
    if not times:
        return str(len(outcomes)), str(identical), "-", "-"
    return str(len(outcomes)), str(identical), f"{statistics.median(times):.1f} s", f"{max(times):.1f} s"
