"""A consumer that lets partitions take turns."""

from __future__ import annotations

from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition


class FairConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """Hands out the next message of the partition that has waited longest since its last one.

    aiokafka hands out all that it has read of one partition before it looks at the next: with slow handlers one long
    queue keeps every other episode waiting, and an operator's edit waits behind a day of segments.
    """

    def __init__(self, *topics: str, **options: Any) -> None:
        super().__init__(*topics, **options)
        self._served = 0
        self._last_turn: dict[TopicPartition, int] = {}

    async def getone(self, *partitions: TopicPartition) -> ConsumerRecord[Any, Any]:
        """The next message; waits for one where none has been read yet."""
        for place in sorted(partitions or self.assignment(), key=lambda place: self._last_turn.get(place, 0)):
            for record in (await self.getmany(place, timeout_ms=0, max_records=1)).get(place, ()):
                return self._noted(record)
        return self._noted(await super().getone(*partitions))

    def _noted(self, record: ConsumerRecord[Any, Any]) -> ConsumerRecord[Any, Any]:
        self._served += 1
        self._last_turn[TopicPartition(record.topic, record.partition)] = self._served
        return record
