"""When somebody counts as visible: the one rule behind the screen time and behind previews of what an edit changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict, Field

from chassis.domain.intervals import Intervals, bridge, clip, round_ms, snap, union
from contracts.rows import ShotRow, TrackRow


class VisibilityRules(BaseModel):
    """The rule's numbers. Every service reads them from the same settings, so a preview tells what the report will say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_gap_s: float = Field(default=1.0, ge=0, description="Longest gap inside a shot that is bridged.")


def find_cuts(shots: Iterable[ShotRow]) -> tuple[float, ...]:
    """Times of the shot cuts. A segment's border is a cut only where the shots on it say so."""
    cuts = {round_ms(shot.start_s) for shot in shots if shot.starts_with == "cut"}
    cuts |= {round_ms(shot.end_s) for shot in shots if shot.ends_with == "cut"}
    return tuple(sorted(cuts))


def visible(tracks: Iterable[TrackRow], *, duration: float, cuts: Sequence[float], rules: VisibilityRules) -> Intervals:
    """Where one person's tracks show them, in seconds of `[0, duration)`.

    Short gaps inside a shot are bridged where the person can have stayed: not after a face that went behind somebody or
    out of the picture, nor before one that came from there.
    """
    rows = list(tracks)
    away = [track.start_s for track in rows if track.enters] + [track.end_s for track in rows if track.leaves]
    seen = snap((track.start_s, track.end_s) for track in rows)
    barriers = sorted({*cuts, *map(round_ms, away)})
    return bridge(clip(seen, 0.0, duration), max_gap=rules.max_gap_s, barriers=barriers)


def present(
    tracks: Iterable[TrackRow], *, duration: float, cuts: Sequence[float], rules: VisibilityRules
) -> Intervals | None:
    """Where one person is in the picture, face to be seen or not; None where no track's body was looked for.

    Whoever is visible is present, so what is bridged for the face is bridged here.
    """
    rows = list(tracks)
    if all(row.present is None for row in rows):
        return None
    bodies = snap(span for row in rows for span in row.present or ())
    return union(clip(bodies, 0.0, duration), visible(rows, duration=duration, cuts=cuts, rules=rules))
