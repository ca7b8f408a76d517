"""What a service does once, when it has started."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from aiokafka import TopicPartition
from fastapi import APIRouter
from pymongo import AsyncMongoClient

from chassis import metrics, service
from chassis.errors import DependencyUnavailable
from chassis.http.open_routes import SIGN_IN_OPTIONS, OpenRouter
from chassis.mongo.database import Database
from chassis.service import Resources, Wiring, application_of, spare_the_collector
from chassis.settings import ChassisSettings, HttpSettings


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


@pytest.mark.parametrize("answers", [True, False])
async def test_routers_are_loaded_where_the_service_answers_http(answers: bool) -> None:
    loaded: list[APIRouter] = []

    def routers() -> list[APIRouter]:
        loaded.append(OpenRouter(tags=["things"]))
        loaded[-1].get(SIGN_IN_OPTIONS)(lambda: "things")
        return loaded

    settings = ChassisSettings(http=HttpSettings(api=answers))
    nowhere: Database = AsyncMongoClient("mongodb://127.0.0.1:1/", connect=False)["nothing"]
    resources = cast("Resources[ChassisSettings]", SimpleNamespace(settings=settings, database=nowhere))
    app = application_of("ingest", resources, Wiring(routers=routers))
    assert bool(loaded) == answers
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client:
        assert (await client.get(SIGN_IN_OPTIONS)).status_code == (200 if answers else 404)


class LaggingBus:
    """Lags as far behind as the test says, then not at all; None where Kafka is away."""

    def __init__(self, *lags: int | None) -> None:
        self.lags = list(lags)

    async def lag(self) -> dict[TopicPartition, int]:
        lag = self.lags.pop(0)
        if lag is None:
            raise DependencyUnavailable("kafka", "away")
        return {TopicPartition("segment.ready", 0): lag, TopicPartition("segment.ready", 1): 0}


async def test_the_lag_is_asked_for_less_often_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LAG_EVERY_S", 0.0)
    monkeypatch.setattr(service, "CALM_LAG_EVERY_S", 3600.0)
    bus = LaggingBus(3, None, 2, 0, 9)
    watching = asyncio.create_task(service._watch_lag(bus))  # type: ignore[arg-type]
    await asyncio.sleep(0.2)
    watching.cancel()
    assert bus.lags == [9], "after none it rests"
    assert metrics.consumer_lag.labels("segment.ready", "0")._value.get() == 0
