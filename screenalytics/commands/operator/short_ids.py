"""Short names that operators may type for ids."""

from __future__ import annotations

import re

_TRACK = re.compile(r"^([0-9]{1,6})-([0-9]{1,6})$")
_DIGITS = re.compile(r"^[0-9]{1,9}$")


def identity_of(text: str) -> str:
    """`7` is `identity-00007`; anything else is taken as it is."""
    from contracts.ids import identity_id

    return identity_id(int(text)) if _DIGITS.match(text) else text


def track_of(text: str) -> str:
    """`2-13` is `track-00002-013`; anything else is taken as it is."""
    from contracts.ids import track_id

    found = _TRACK.match(text)
    return track_id(int(found[1]), int(found[2])) if found else text
