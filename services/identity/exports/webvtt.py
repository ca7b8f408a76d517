"""WebVTT: a cue for every stretch during which the same people are visible.

As names it can be shown over the picture; as JSON it is a track of kind `metadata` for programs in the page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from chassis.domain.intervals import clip, normalise, round_ms
from contracts.rows import Interval
from services.identity.exports.clips import plain
from services.identity.screentime.moments import OnScreen

Cues = Literal["names", "json"]


def to_webvtt(
    ep_id: str, people: Sequence[OnScreen], *, duration_s: float, cues: Cues = "names", signed: str | None = None
) -> str:
    """The track; a stretch without anybody has no cue. `signed` is who signed it off, as a comment."""
    say = _name if cues == "names" else _data
    said = {person.key: say(person) for person in people}
    parts = [f"WEBVTT {ep_id}"]
    if signed is not None:
        parts.append(f"NOTE {signed.replace('>', '')}")
    for (start, end), visible in stretches(people, duration_s=duration_s):
        texts = [said[person.key] for person in visible]
        text = "\n".join(texts) if cues == "names" else f'{{"people": [{", ".join(texts)}]}}'
        parts.append(f"{clock(start)} --> {clock(end)}\n{text}")
    return "\n\n".join(parts) + "\n"


def stretches(people: Sequence[OnScreen], *, duration_s: float) -> tuple[tuple[Interval, tuple[OnScreen, ...]], ...]:
    """Times during which the same people are visible, with them in the order given: one sweep over all borders."""
    borders = sorted(
        (round_ms(time), opens, place)
        for place, person in enumerate(people)
        for span in clip(normalise(person.intervals), 0.0, duration_s)
        for time, opens in zip(span, (1, 0), strict=True)
    )
    found: list[tuple[Interval, tuple[OnScreen, ...]]] = []
    visible: set[int] = set()
    since = 0.0
    for time, opens, place in borders:
        if visible and time > since:
            found.append(((since, time), tuple(people[number] for number in sorted(visible))))
        since = time
        if opens:
            visible.add(place)
        else:
            visible.discard(place)
    return tuple(found)


def _name(person: OnScreen) -> str:
    """A name on its line. Escaped, so that it can neither be a tag nor end the cue."""
    name = plain(person.name) or person.key
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _data(person: OnScreen) -> str:
    """JSON on one line; `>` is escaped because `-->` would begin a cue."""
    details = person.details
    data: dict[str, object] = {"id": person.key, "name": plain(person.name), "kind": person.kind}
    if details.role:
        data["role"] = details.role
    if details.characters:
        data["characters"] = list(details.characters)
    if details.external_ids.given():
        data["external_ids"] = details.external_ids.given()
    return json.dumps(data, ensure_ascii=False).replace(">", "\\u003e")


def clock(seconds: float) -> str:
    """`HH:MM:SS.mmm`."""
    milliseconds = round(seconds * 1000)
    second, milliseconds = divmod(milliseconds, 1000)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{milliseconds:03d}"
