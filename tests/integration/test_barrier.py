"""The grouper's barrier: it opens with the last segment, whoever brings it and however often."""

from __future__ import annotations

import asyncio

import pytest

from chassis.mongo.database import Database
from contracts.events import SegmentEmbedded
from services.grouper.store.runs import GrouperStore
from tests.support.examples import EXAMPLES

pytestmark = pytest.mark.integration

SEGMENTS = 70
"""More than fit into one word of bits."""


def embedded(segment: int) -> SegmentEmbedded:
    (example,) = (event for event in EXAMPLES if isinstance(event, SegmentEmbedded))
    return example.model_copy(update={"segment": segment, "segments": SEGMENTS})


async def test_segments_are_counted_once_in_any_order(database: Database) -> None:
    store = GrouperStore(database)
    order = [*range(1, SEGMENTS, 2), *range(0, SEGMENTS - 1, 2)]
    counted = [await store.arrive(embedded(segment)) for segment in order]
    assert counted == list(range(1, SEGMENTS + 1))[: len(order)]
    assert await store.arrive(embedded(3)) == len(order)


async def test_of_several_processes_the_last_to_arrive_sees_all(database: Database) -> None:
    stores = [GrouperStore(database) for _ in range(4)]
    counted = await asyncio.gather(
        *(stores[segment % 4].arrive(embedded(segment)) for segment in range(SEGMENTS)),
        *(stores[segment % 3].arrive(embedded(segment)) for segment in range(0, SEGMENTS, 7)),
    )
    assert max(counted) == SEGMENTS


async def test_segments_that_were_never_counted_are_with_the_first_repeat(database: Database) -> None:
    store = GrouperStore(database)
    for segment in range(SEGMENTS - 1):
        await store.arrive(embedded(segment))
    await database["grouper_barriers"].delete_many({})
    assert await store.arrive(embedded(SEGMENTS - 1)) == 1
    assert await store.arrive(embedded(0)) == SEGMENTS


async def test_nothing_is_left_of_a_deleted_episode(database: Database) -> None:
    store, event = GrouperStore(database), embedded(0)
    await store.arrive(event)
    await store.forget(event.ep_id, event.run_id)
    assert await database["grouper_barriers"].count_documents({}) == 0
    assert await store.segments(event.run_id) == []
