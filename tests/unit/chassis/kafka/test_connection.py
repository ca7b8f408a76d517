from __future__ import annotations

from typing import Any, Self

import pytest

from chassis.kafka import connection
from chassis.settings import KafkaSettings
from contracts.topics import TOPICS


class Broker:
    """Keeps note of the topics that it is asked to create."""

    def __init__(self) -> None:
        self.partitions: dict[str, int] = {}

    def __call__(self, **_options: Any) -> Self:
        return self

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def list_topics(self) -> list[str]:
        return list(self.partitions)

    async def create_topics(self, topics: list[Any]) -> None:
        self.partitions |= {topic.name: topic.num_partitions for topic in topics}


@pytest.mark.parametrize(("most", "expected"), [(None, {1, 6, 12}), (2, {1, 2}), (100, {1, 6, 12})])
async def test_topics_get_the_declared_partitions_or_as_many_as_there_may_be(
    monkeypatch: pytest.MonkeyPatch, most: int | None, expected: set[int]
) -> None:
    broker = Broker()
    monkeypatch.setattr(connection, "AIOKafkaAdminClient", broker)
    await connection.ensure_topics(KafkaSettings(most_partitions=most))
    assert broker.partitions.keys() == {topic.name for topic in TOPICS}
    assert set(broker.partitions.values()) == expected
