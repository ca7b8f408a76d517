"""Logs that grow inside a document: full long before MongoDB's 16 MB refuse a write.

A log lies in the document whose version it makes, so that entry, version and event are one write. Its bytes are counted
in that write too. What is left above the room belongs to undoing and to events that wait for Kafka.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bson

from chassis.errors import Conflict

ROOM_BYTES = 12 * 2**20
ROOM_TO_TAKE_BACK_BYTES = 14 * 2**20
"""Room for undoing and redoing, which a full log still allows."""


def stored_bytes(entries: Sequence[Any]) -> int:
    """What entries take in a document, in bytes: dictionaries as they are stored."""
    return len(bson.encode({"log": list(entries)}))


def check_room(used_bytes: int, *, code: str, what: str, takes_back: bool = False) -> None:
    """Whether a log of so many bytes, the new entry among them, may be stored.

    Raises:
        Conflict: of that code, where `what`, as in "The log of edits", has no room for the entry.
    """
    if used_bytes > (ROOM_TO_TAKE_BACK_BYTES if takes_back else ROOM_BYTES):
        raise Conflict(
            code,
            f"{what} of this episode is full ({ROOM_BYTES >> 20} MB) and takes no more but undoing and redoing: name fewer"
            " at once, or delete the episode and process it again to begin anew.",
        )
