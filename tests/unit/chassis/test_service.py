"""What a service does once, when it has started."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator

import pytest

from chassis.service import spare_the_collector


@pytest.fixture
def usual_collector() -> Iterator[None]:
    """The collector afterwards as it was before."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.mark.usefixtures("usual_collector")
def test_what_is_there_after_the_start_is_never_gone_through_again() -> None:
    modules = len(gc.get_objects())
    spare_the_collector()
    assert gc.get_freeze_count() > modules / 2
    assert len(gc.get_objects()) < modules / 10


@pytest.mark.usefixtures("usual_collector")
def test_a_large_answer_brings_no_full_collection_on() -> None:
    spare_the_collector()
    before = gc.get_stats()[2]["collections"]
    for _ in range(50):
        json.dumps([{"row": number, "spans": [number, number]} for number in range(2000)])
    assert gc.get_stats()[2]["collections"] == before
