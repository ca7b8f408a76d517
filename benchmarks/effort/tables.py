"""What was measured, as tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.effort.curve import NEARLY_ALL, area, keys_until, points_of, sketch
from benchmarks.effort.known import Mode
from benchmarks.effort.owners import Answers
from benchmarks.effort.replay import Order, Worked


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One case, one knowledge of the cast, in every order."""

    name: str
    mode: Mode
    answers: Answers
    worked: dict[Order, Worked]


HEADER = (
    f"{'set, cast known by':<27}{'order':<15}{'wrong s':>9}{'99 % right':>12}{'stop line':>15}{'all asked':>15}"
    f"{'area':>8}  curve\n"
    f"{'':<27}{'':<15}{'at first':>9}{'keys':>12}{'keys, wrong s':>15}{'keys, wrong s':>15}{'s·keys':>8}"
)


def summary(trial: Trial) -> str:
    """A line for every order, with its curve."""
    floor_s = trial.answers.floor_s
    points = {order: points_of(worked, floor_s) for order, worked in trial.worked.items()}
    until = max(own[-1][0] for own in points.values())
    top_s = max(own[0][1] for own in points.values())
    lines: list[str] = []
    for order, own in points.items():
        worked = trial.worked[order]
        enough = keys_until(own, (1.0 - NEARLY_ALL) * trial.answers.visible_s)
        stop = own[worked.stops_at] if order == "queue" and worked.stops_at is not None else None
        title = "" if lines else f"{trial.name}, {trial.mode}"
        lines.append(
            f"{title:<27}{order:<15}{own[0][1]:>9.1f}{'never' if enough is None else enough:>12}"
            f"{_point(stop):>15}{_point(own[-1]):>15}{area(own, until):>8.0f}  "
            f"{sketch(own, until=max(until, 1), top_s=top_s)}".rstrip()
            + (f"  asked twice: {worked.asked_twice}" if worked.asked_twice else "")
        )
    return "\n".join(lines)


def _point(point: tuple[int, float] | None) -> str:
    return "-" if point is None else f"{point[0]}, {point[1]:.1f}"


def reliability_table(trials: Sequence[Trial]) -> str:
    """By kind of question and tenths of doubt: what was said, and how often the answer changed anything that counts."""
    found: dict[tuple[str, int], list[tuple[float, bool]]] = defaultdict(list)
    for trial in trials:
        worked = trial.worked.get("queue")
        for step in worked.steps if worked else ():
            found[step.kind, min(9, int(10 * step.doubt))].append((step.doubt, step.was_wrong))
    lines = [f"{'question':<12}{'doubt said':>12}{'was wrong':>12}{'asked':>8}"]
    for (kind, _), pairs in sorted(found.items()):
        said = sum(doubt for doubt, _ in pairs) / len(pairs)
        wrong = sum(was for _, was in pairs) / len(pairs)
        lines.append(f"{kind:<12}{said:>12.2f}{wrong:>12.2f}{len(pairs):>8}")
    return "\n".join(lines)


def pairs_table(trials: Sequence[Trial]) -> str:
    """By tenths of a merge distance: how many pairs the grouper keeps apart, and how many of them are one person."""
    found: dict[int, list[bool]] = defaultdict(list)
    for worked in {trial.name: next(iter(trial.worked.values())) for trial in trials}.values():
        for pair in worked.pairs:
            found[int(10 * pair.distance)].append(pair.is_one)
    lines = [f"{'apart':<12}{'one person':>12}{'pairs':>8}"]
    lines += [f"{f'{tenth / 10:.1f}':<12}{sum(ones):>12}{len(ones):>8}" for tenth, ones in sorted(found.items())]
    return "\n".join(lines)
