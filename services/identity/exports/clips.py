"""Appearances in whole frames: what the exchange formats are written from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from chassis.domain.intervals import bridge, clip, normalise, round_ms
from services.identity.exports.timecode import FrameRate
from services.identity.screentime.moments import OnScreen

_UNWRITABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NO_CHARACTERS = frozenset("\ufffe\uffff")


@dataclass(frozen=True)
class Clip:
    """A person is visible from frame `first` up to, not including, frame `end`; both count from the first frame."""

    key: str
    name: str
    first: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.first


@dataclass(frozen=True, kw_only=True)
class Cutting:
    """How appearances become clips, in seconds: gaps that short are closed, what is shorter is left out, and what
    stays is lengthened at both ends.
    """

    gap_s: float = 0.0
    min_s: float = 0.0
    handles_s: float = 0.0

    def of(self, person: OnScreen) -> OnScreen:
        """The person with these appearances."""
        closed = bridge(person.intervals, max_gap=self.gap_s) if self.gap_s else person.intervals
        long = [(start, end) for start, end in closed if round_ms(end - start) >= self.min_s]
        wide = normalise((max(0.0, start - self.handles_s), end + self.handles_s) for start, end in long)
        return replace(person, intervals=wide)


def frames_of(duration_s: float, rate: FrameRate) -> int:
    """Length of an episode, at least a frame."""
    return max(1, rate.nearest_frame(duration_s))


def clips_of(people: Iterable[OnScreen], *, duration_s: float, rate: FrameRate) -> tuple[Clip, ...]:
    """Every appearance, in order of time, inside the episode.

    Borders go to the nearest frame. What is shorter than a frame becomes one; where that makes two appearances of a
    person overlap they are one.
    """
    length = frames_of(duration_s, rate)
    clips: list[Clip] = []
    for person in people:
        name = plain(person.name) or person.key
        own: list[Clip] = []
        for start, end in clip(person.intervals, 0.0, duration_s):
            first = min(rate.nearest_frame(start), length - 1)
            last = min(max(rate.nearest_frame(end), first + 1), length)
            if own and first < own[-1].end:
                first = own.pop().first
            own.append(Clip(person.key, name, first, last))
        clips += own
    return tuple(sorted(clips, key=lambda one: (one.first, one.end, one.key)))


def together(texts: Iterable[str]) -> str:
    """Several texts where a format has room for one."""
    return " / ".join(plain(text) for text in texts)


def plain(text: str) -> str:
    """Text on one line, without what no file format can carry: control characters, lone surrogates."""
    kept = (
        " " if unicodedata.category(character) in _UNWRITABLE or character in _NO_CHARACTERS else character
        for character in text
    )
    return " ".join("".join(kept).split())
