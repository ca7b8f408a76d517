"""Reads dead letters, delivers them again, and remembers which were dealt with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from pymongo.errors import DuplicateKeyError

from chassis.errors import BadInput
from chassis.kafka.bus import REPLAY_TRACE_HEADER
from chassis.kafka.connection import DEAD_LETTER_BYTES, client_options
from chassis.mongo import database as mongo
from chassis.settings import ChassisSettings, KafkaSettings
from contracts.events import SERVICES
from contracts.topics import dead_letter_topic
from screenalytics.events.servers import reaching_servers

OWN_PREFIX = "dlq-"
QUIET_MS = 300
READ_TIMEOUT_S = 60.0

State = Literal["waiting", "replaying", "replayed", "dropped"]


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message that a service gave up on. `place` names it: service/partition/offset of the dead-letter topic."""

    service: str
    record: ConsumerRecord[Any, Any]
    state: State = "waiting"

    @property
    def place(self) -> str:
        return f"{self.service}/{self.record.partition}/{self.record.offset}"

    @property
    def topic(self) -> str:
        """Where the message was first published."""
        return self.reason("topic")

    @property
    def headers(self) -> list[tuple[str, bytes | None]]:
        """The message's own headers."""
        return [(name, value) for name, value in self.record.headers if not name.startswith(OWN_PREFIX)]

    @property
    def trace(self) -> list[tuple[str, bytes]]:
        """The header of a replay that leads its trace back to the try that gave up."""
        gave_up = self.reason("traceparent")
        return [(REPLAY_TRACE_HEADER, gave_up.encode())] if gave_up else []

    @property
    def value(self) -> bytes | None:
        value: bytes | None = self.record.value
        return value

    @property
    def key(self) -> str:
        return (self.record.key or b"").decode("utf-8", "backslashreplace")

    def reason(self, name: str) -> str:
        """A `dlq-` header as text: topic, partition, offset, kind, error, message, attempts or time."""
        found = dict(self.record.headers).get(f"{OWN_PREFIX}{name}") or b""
        return str(found.decode("utf-8", "backslashreplace"))


def parse_place(text: str) -> tuple[str, int, int]:
    """Service, partition and offset of a dead letter.

    Raises:
        BadInput: bad_dead_letter_place or unknown_service.
    """
    service, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise BadInput(
            "bad_dead_letter_place",
            f"{text!r} names no dead letter: write service/partition/offset as `screenalytics dlq list` shows it.",
        )
    return check_service(service), int(partition), int(offset)


def check_service(name: str) -> str:
    """Raises BadInput: unknown_service."""
    if name not in SERVICES:
        raise BadInput("unknown_service", f"There is no service {name!r}; the services are {', '.join(SERVICES)}.")
    return name


class DeadLetters:
    """The dead letters of all services. Use `open_dead_letters`."""

    def __init__(self, settings: KafkaSettings, database: mongo.Database) -> None:
        self._settings = settings
        self._handled = database["dead_letters"]

    async def read(self, services: Sequence[str] = SERVICES) -> list[DeadLetter]:
        """Every dead letter of some services, oldest first per service, with what became of it."""
        states: dict[str, State] = {doc["_id"]: doc["state"] async for doc in self._handled.find({})}
        letters = []
        for service in services:
            for record in await self._records(dead_letter_topic(service)):
                found = DeadLetter(service=service, record=record)
                letters.append(DeadLetter(service=service, record=record, state=states.get(found.place, "waiting")))
        return letters

    async def find(self, place: str) -> DeadLetter:
        """One dead letter.

        Raises:
            BadInput: when the place is malformed or nothing is there.
        """
        service, partition, offset = parse_place(place)
        for letter in await self.read([service]):
            if (letter.record.partition, letter.record.offset) == (partition, offset):
                return letter
        raise BadInput(
            "unknown_dead_letter", f"There is no dead letter {place}; `screenalytics dlq list` shows those there are."
        )

    async def replay(self, letter: DeadLetter, *, again: bool = False) -> bool:
        """Publish the original message to its topic; False when that was done before (or it was dropped).

        Interrupted before it is noted as done, a replay is done again by the next: handlers take repeats.
        """
        if not await self._claim(letter, again=again):
            return False
        options = client_options(self._settings) | {"acks": "all", "max_request_size": DEAD_LETTER_BYTES}
        async with AIOKafkaProducer(**options) as producer:
            headers = [*letter.headers, *letter.trace]
            await producer.send_and_wait(letter.topic, letter.value, key=letter.record.key, headers=headers)
        await self._note(letter, "replayed")
        return True

    async def drop(self, letter: DeadLetter) -> bool:
        """Note that nothing is to be done about a letter; False when it was replayed or dropped before."""
        if not await self._claim(letter, again=False):
            return False
        await self._note(letter, "dropped")
        return True

    async def _claim(self, letter: DeadLetter, *, again: bool) -> bool:
        try:
            await self._handled.insert_one({"_id": letter.place, "state": "replaying", "at": datetime.now(UTC)})
        except DuplicateKeyError:
            known = await self._handled.find_one({"_id": letter.place})
            return again or (known or {}).get("state") == "replaying"
        return True

    async def _note(self, letter: DeadLetter, state: State) -> None:
        await self._handled.update_one({"_id": letter.place}, {"$set": {"state": state, "at": datetime.now(UTC)}})

    async def _records(self, topic: str) -> list[ConsumerRecord[Any, Any]]:
        """All records of a topic.

        Reads to the end that the broker names and then on until nothing comes: the embedded broker, when it keeps its
        log in S3, names an end that is too early.
        """
        options = client_options(self._settings) | {"group_id": None, "auto_offset_reset": "earliest"}
        async with AIOKafkaConsumer(**options) as anyone:
            if topic not in await anyone.topics():
                return []
        async with (
            AIOKafkaConsumer(topic, **options, fetch_max_wait_ms=50) as consumer,
            asyncio.timeout(READ_TIMEOUT_S),
        ):
            places = sorted(consumer.assignment())
            ends = await consumer.end_offsets(places)
            records: list[ConsumerRecord[Any, Any]] = []
            while True:
                batch = await consumer.getmany(timeout_ms=QUIET_MS)
                records += [record for found in batch.values() for record in found]
                if not batch and all([await consumer.position(place) >= ends[place] for place in places]):
                    return sorted(records, key=lambda record: (record.partition, record.offset))


@asynccontextmanager
async def open_dead_letters(settings: ChassisSettings) -> AsyncIterator[DeadLetters]:
    """The dead letters of a running system.

    Raises:
        DependencyUnavailable: when Kafka or MongoDB does not answer.
    """
    async with mongo.connect(settings.mongo) as database:
        with reaching_servers():
            yield DeadLetters(settings.kafka, database)
