"""When work in pieces will be done, from when its pieces were done so far. Pure: times are seconds since it began.

The invariant: **a piece that is late makes what follows late**. Who only divides what is left by the pace so far says too
little for ever where pieces become harder, and who measures the pace up to now says more with every second that passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_KEEPS_UP: Final = 1.5
"""So many pieces a stage that keeps up may be behind: one, and pieces are not all alike."""


@dataclass(frozen=True, kw_only=True)
class Worked:
    """How much of the work a stage has done (in pieces, or seconds of video), and when the latest of it was done."""

    done: float
    latest_s: float


def seconds_left(stages: Sequence[Worked], *, total: float, piece: float, now_s: float) -> float | None:
    """Seconds until the last of `stages` has done all; None where that cannot be said yet.

    Each stage works on what the one before it has done. `total` and `piece` (what one piece has of it, about) are in the
    unit of `Worked.done`.
    """
    end_s = _end(stages[0], total=total, piece=piece, now_s=now_s)
    for before, stage in pairwise(stages):
        end_s = _end_after(before, end_s, stage, total=total, piece=piece, now_s=now_s)
    return None if end_s is None else max(0.0, end_s - now_s)


def _end(stage: Worked, *, total: float, piece: float, now_s: float) -> float | None:
    """When a stage will be through that waits for nobody.

    A piece that is late is taken to need as long again as it is late, and the pace is then what it will have been.
    """
    if stage.done >= total:
        return stage.latest_s
    if stage.done <= 0 or stage.latest_s <= 0:
        return None
    next_piece = min(piece, total - stage.done)
    due_s = stage.latest_s + next_piece * stage.latest_s / stage.done
    expected_s = _not_before(now_s, due_s)
    return expected_s + (total - stage.done - next_piece) * expected_s / (stage.done + next_piece)


def _end_after(
    before: Worked, end_before_s: float | None, stage: Worked, *, total: float, piece: float, now_s: float
) -> float | None:
    """When a stage will be through: after the one before it where it keeps up with that, else at its own pace.

    It keeps up when it is hardly more than a piece behind. How long after, its latest piece tells.
    """
    if stage.done >= total:
        return stage.latest_s
    if end_before_s is None or stage.done <= 0:
        return end_before_s if before.done < total else None
    if before.done - stage.done > _KEEPS_UP * piece:
        own_s = _end(stage, total=total, piece=piece, now_s=now_s)
        return None if own_s is None else max(end_before_s, own_s)
    begun_s = before.latest_s * min(1.0, stage.done / before.done) if before.done > 0 else stage.latest_s
    return _not_before(now_s, end_before_s + max(0.0, stage.latest_s - begun_s))


def _not_before(now_s: float, due_s: float) -> float:
    """When something is expected that was due: what is late needs as long again as it is late."""
    return due_s if now_s <= due_s else now_s + (now_s - due_s)
