"""The clock of a player: its zero is the earliest picture or sound of the file, not the first picture.

Seconds of an episode count from the first picture. What is opened beside the video must count as the player does.
"""

from __future__ import annotations

from chassis.domain.intervals import round_ms
from contracts.rows import Appearance, Interval, ScreenTimeDocument, UnidentifiedScreenTime


def on_the_players_clock(document: ScreenTimeDocument) -> ScreenTimeDocument:
    """The document with its times moved to where a player shows them; lengths and shares stay."""
    by_s = document.starts_at_s
    if not by_s:
        return document
    return document.model_copy(
        update={
            "cast": tuple(
                row.model_copy(
                    update={
                        "first_s": _moved(row.first_s, by_s),
                        "last_s": _moved(row.last_s, by_s),
                        "intervals_s": _all_moved(row.intervals_s, by_s),
                        "shown": _shown_moved(row.shown, by_s),
                        "present_intervals_s": _all_moved(row.present_intervals_s, by_s),
                    }
                )
                for row in document.cast
            ),
            "unidentified": tuple(_row_moved(row, by_s) for row in document.unidentified),
            "figures": tuple(_row_moved(row, by_s) for row in document.figures),
        }
    )


def _row_moved(row: UnidentifiedScreenTime, by_s: float) -> UnidentifiedScreenTime:
    return row.model_copy(
        update={
            "intervals_s": _all_moved(row.intervals_s, by_s),
            "shown": _shown_moved(row.shown, by_s),
            "present_intervals_s": _all_moved(row.present_intervals_s, by_s),
        }
    )


def _moved(time_s: float | None, by_s: float) -> float | None:
    return None if time_s is None else round_ms(time_s + by_s)


def _all_moved(intervals: tuple[Interval, ...], by_s: float) -> tuple[Interval, ...]:
    return tuple((round_ms(start + by_s), round_ms(end + by_s)) for start, end in intervals)


def _shown_moved(shown: tuple[Appearance, ...], by_s: float) -> tuple[Appearance, ...]:
    return tuple(
        one.model_copy(update={"start_s": round_ms(one.start_s + by_s), "end_s": round_ms(one.end_s + by_s)})
        for one in shown
    )
