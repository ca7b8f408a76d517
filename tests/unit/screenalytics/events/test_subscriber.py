"""A subscriber says what is away."""

from __future__ import annotations

import pytest

from chassis.errors import DependencyUnavailable
from chassis.settings import KafkaSettings
from screenalytics.events.subscriber import subscribe


async def test_a_broker_that_is_away_is_named() -> None:
    with pytest.raises(DependencyUnavailable, match="kafka is unavailable") as raised:
        async with subscribe(KafkaSettings(bootstrap_servers="127.0.0.1:1"), ["screentime.reported"]):
            pass
    assert raised.value.dependency == "kafka"
