"""A log in a document is full before MongoDB refuses it."""

from __future__ import annotations

import bson
import pytest

from chassis.errors import Conflict
from chassis.mongo.document_size import ROOM_BYTES, ROOM_TO_TAKE_BACK_BYTES, check_room, stored_bytes

MONGODB_TAKES = 16 * 2**20


@pytest.mark.parametrize("takes_back", [False, True])
def test_a_log_has_room_up_to_its_last_byte_and_more_for_taking_back(takes_back: bool) -> None:
    room = ROOM_TO_TAKE_BACK_BYTES if takes_back else ROOM_BYTES
    check_room(room, code="full", what="The log", takes_back=takes_back)
    with pytest.raises(Conflict) as refused:
        check_room(room + 1, code="full", what="The log", takes_back=takes_back)
    assert (refused.value.code, refused.value.message[:20]) == ("full", "The log of this epis")


def test_the_room_leaves_some_for_the_rest_of_the_document() -> None:
    assert ROOM_BYTES < ROOM_TO_TAKE_BACK_BYTES <= MONGODB_TAKES - 2 * 2**20


def test_entries_counted_one_by_one_are_never_less_than_what_is_stored() -> None:
    entries = [{"why": "ä" * number, "tracks": ["track-00000-001"] * number} for number in range(200)]
    assert sum(stored_bytes([entry]) for entry in entries) >= len(bson.encode({"log": entries}))
    assert stored_bytes([]) < 20
