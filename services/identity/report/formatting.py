"""How times, shares and machine codes are written for people."""

from __future__ import annotations

import re

MACHINE_CODE = re.compile(r"^[a-z0-9]+(?:[_-][a-z0-9]+)*$")
EPISODE_NUMBER = re.compile(r"-s(\d{2})e(\d{2})$")


def timecode(seconds: float) -> str:
    """Write seconds from the first video frame as `hh:mm:ss.mmm`, rounded to the millisecond."""
    total_ms = max(0, round(seconds * 1000))
    total_s, ms = divmod(total_ms, 1000)
    total_min, s = divmod(total_s, 60)
    hours, minutes = divmod(total_min, 60)
    return f"{hours:02d}:{minutes:02d}:{s:02d}.{ms:03d}"


def short_timecode(seconds: float, *, with_hours: bool) -> str:
    """Write whole seconds as `m:ss`, or `h:mm:ss` where the episode is that long; for ticks of a time axis."""
    minutes, s = divmod(max(0, round(seconds)), 60)
    if not with_hours:
        return f"{minutes}:{s:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{s:02d}"


def moment(seconds: float) -> str:
    """Write a second of the video as `m:ss.s`, or `h:mm:ss.s` from an hour on, as the console does."""
    total_s, tenths = divmod(max(0, round(seconds * 10)), 10)
    minutes, s = divmod(total_s, 60)
    return f"{minutes}:{s:02d}.{tenths}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{s:02d}.{tenths}"


def spoken_duration(seconds: float) -> str:
    """Write a length the way people say it: `9.4 s`, `12 min 34 s`, `1 h 02 min`."""
    tenths = max(0, round(seconds * 10))
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, s = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {s:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def exact_seconds(seconds: float) -> str:
    """Write seconds with milliseconds and thousands separators: `1,234.500 s`."""
    return f"{max(0.0, seconds):,.3f} s"


def percent(fraction: float) -> str:
    """Write a fraction as percent with one decimal; a little of something is never shown as nothing."""
    if 0 < fraction < 0.0005:
        return "<0.1%"
    return f"{fraction * 100:.1f}%"


def percent_whole(fraction: float) -> str:
    """Write a fraction as whole percent, for figures that are no more exact than that."""
    return f"{fraction * 100:.0f}%"


def sentence(text: str) -> str:
    """Turn a machine code such as `low_quality` into `Low quality`; leave anything already written for people alone."""
    if not text or not MACHINE_CODE.match(text):
        return text
    words = re.sub(r"[_-]", " ", text)
    return words[0].upper() + words[1:]


def season_and_episode(ep_id: str) -> str | None:
    """`Season 1, episode 2` for an id that ends in `-s01e02`, None for any other."""
    match = EPISODE_NUMBER.search(ep_id)
    return f"Season {int(match[1])}, episode {int(match[2])}" if match else None


def initials(name: str) -> str:
    """One or two letters that stand for a person without a picture."""
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    if not letters:
        return "?"
    return letters[0].upper() if len(letters) == 1 else (letters[0] + letters[-1]).upper()
