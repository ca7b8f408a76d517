"""How a service's client of MongoDB is set up, and that pymongo has what is set."""

from __future__ import annotations

import pytest

from chassis.mongo.database import TIDY_EVERY_S, connect
from chassis.settings import MongoSettings, SecretAddress

NOBODY = "mongodb://127.0.0.1:1/"


@pytest.mark.parametrize(
    ("query", "mode", "heartbeat_s"),
    [
        ("", "auto", 10.0),
        ("?directConnection=false", "auto", 10.0),
        ("?directConnection=true", "poll", 60.0),
        ("?directconnection=true&appname=x", "poll", 60.0),
        ("?directConnection=true&serverMonitoringMode=stream", "stream", 60.0),
        ("?directConnection=true&heartbeatFrequencyMS=2000", "poll", 2.0),
    ],
)
async def test_only_one_server_without_others_is_asked_rarely_how_it_is(
    query: str, mode: str, heartbeat_s: float
) -> None:
    async with connect(MongoSettings(uri=SecretAddress(NOBODY + query))) as database:
        options = database.client.options
        assert (options.server_monitoring_mode, options.heartbeat_frequency) == (mode, heartbeat_s)


async def test_what_is_left_open_is_tidied_less_often_than_twice_a_second() -> None:
    async with connect(MongoSettings(uri=SecretAddress(NOBODY))) as database:
        tidying = database.client._kill_cursors_executor
        assert tidying._name == "pymongo_kill_cursors_thread"
        assert tidying._min_interval == TIDY_EVERY_S


def test_the_loop_of_pymongo_rests_as_long_as_is_set() -> None:
    from pymongo.periodic_executor import AsyncPeriodicExecutor

    assert "_min_interval" in AsyncPeriodicExecutor._run.__code__.co_names
