"""Frame rates and SMPTE timecode (SMPTE ST 12-1), in whole frames and exact fractions: nothing drifts.

Drop-frame timecode leaves out numbers, never pictures: the first two (59.94: four) of every minute but each tenth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from chassis.errors import BadInput

RateName = Literal["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"]
RATE_NAMES: tuple[RateName, ...] = get_args(RateName)

TIMECODE_PATTERN = r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9][:;][0-9]{2}$"
_TIMECODE = re.compile(TIMECODE_PATTERN)
_HOURS = 24
_COUNT_SLACK = 2
"""Frames by which a count of decoded frames may be off at the ends of a video."""
_RATE_SLACK = 3e-4


@dataclass(frozen=True)
class FrameRate:
    """`frames` in `seconds`: 30000 in 1001 for 29.97."""

    frames: int
    seconds: int

    @property
    def nominal(self) -> int:
        """Frames that a second of timecode has numbers for."""
        return -(-self.frames // self.seconds)

    @property
    def dropped(self) -> int:
        """Numbers that drop-frame timecode leaves out in a minute; 0 where there is no such timecode."""
        return self.nominal // 15 if self.seconds > 1 and self.nominal % 30 == 0 else 0

    def nearest_frame(self, seconds: float) -> int:
        """The frame border nearest to a time of millisecond precision; halves go up."""
        halves = 2 * round(seconds * 1000) * self.frames
        return (halves + 1000 * self.seconds) // (2000 * self.seconds)


RATES: dict[RateName, FrameRate] = {
    "23.976": FrameRate(24000, 1001),
    "24": FrameRate(24, 1),
    "25": FrameRate(25, 1),
    "29.97": FrameRate(30000, 1001),
    "30": FrameRate(30, 1),
    "50": FrameRate(50, 1),
    "59.94": FrameRate(60000, 1001),
    "60": FrameRate(60, 1),
}


def guess_rate(frames: int, duration_s: float) -> RateName | None:
    """The rate of a video in which `frames` were decoded, None when they fit none of the known ones."""
    if frames <= 0 or duration_s <= 0:
        return None

    def off(name: RateName) -> float:
        return abs(frames / duration_s * RATES[name].seconds / RATES[name].frames - 1)

    nearest = min(RATE_NAMES, key=off)
    return nearest if off(nearest) <= _RATE_SLACK + _COUNT_SLACK / frames else None


@dataclass(frozen=True)
class Timecode:
    """Names frames at a rate, with or without drop-frame counting; after 24 hours it starts again."""

    rate: FrameRate
    drop: bool = False

    def __post_init__(self) -> None:
        if self.drop and not self.rate.dropped:
            raise BadInput(
                "no_drop_frame", "Drop-frame timecode exists for 29.97 and 59.94 only: leave drop_frame out."
            )

    @property
    def _dropped(self) -> int:
        return self.rate.dropped if self.drop else 0

    @property
    def _per_minute(self) -> int:
        return self.rate.nominal * 60 - self._dropped

    @property
    def _per_ten_minutes(self) -> int:
        return self._per_minute * 10 + self._dropped

    def text(self, frame: int) -> str:
        """`HH:MM:SS:FF` of a frame counted from 00:00:00:00; `;` before the frames says drop-frame."""
        tens, rest = divmod(frame % (self._per_ten_minutes * 6 * _HOURS), self._per_ten_minutes)
        minutes = max(0, (rest - self._dropped) // self._per_minute)
        number = frame_number = tens * self.rate.nominal * 600 + rest + self._dropped * minutes
        frame_number %= self.rate.nominal
        second = number // self.rate.nominal
        mark = ";" if self.drop else ":"
        return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}{mark}{frame_number:02d}"

    def frame(self, text: str) -> int:
        """The frame that a timecode names.

        Raises:
            BadInput: `bad_timecode`, when it is not one or names a frame that this counting leaves out.
        """
        if not _TIMECODE.fullmatch(text):
            raise BadInput("bad_timecode", "A timecode is HH:MM:SS:FF, like 01:00:00:00.")
        hours, minutes, seconds, frames = (int(part) for part in re.split("[:;]", text))
        left_out = seconds == 0 and minutes % 10 != 0 and frames < self._dropped
        if hours >= _HOURS or frames >= self.rate.nominal or left_out:
            raise BadInput("bad_timecode", f"There is no {text} at this rate: take a frame that exists.")
        minute = hours * 60 + minutes
        number = (minute * 60 + seconds) * self.rate.nominal + frames
        return number - self._dropped * (minute - minute // 10)
