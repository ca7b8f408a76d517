"""All families of attacks."""

from __future__ import annotations

from tests.hostile import bodies, heads, names, slow, strangers, streams, tokens
from tests.hostile.attack import Attack

ATTACKS: tuple[Attack, ...] = (
    *bodies.ATTACKS,
    *heads.ATTACKS,
    *slow.ATTACKS,
    *names.ATTACKS,
    *streams.ATTACKS,
    *tokens.ATTACKS,
    *strangers.ATTACKS,  # whose many wrong keys are counted for a minute
)
