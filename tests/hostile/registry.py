"""All families of attacks."""

from __future__ import annotations

from tests.hostile import (
    bodies,
    crashes,
    heads,
    names,
    pictures,
    quiet,
    rights,
    slow,
    strangers,
    streams,
    tables,
    tokens,
    videos,
)
from tests.hostile.attack import Attack

ATTACKS: tuple[Attack, ...] = (
    *quiet.ATTACKS,
    *bodies.ATTACKS,
    *heads.ATTACKS,
    *slow.ATTACKS,
    *names.ATTACKS,
    *streams.ATTACKS,
    *tokens.ATTACKS,
    *pictures.ATTACKS,
    *videos.ATTACKS,
    *crashes.ATTACKS,
    *tables.ATTACKS,
    *rights.ATTACKS,
    *strangers.ATTACKS,  # whose many wrong keys are counted for a minute
)
