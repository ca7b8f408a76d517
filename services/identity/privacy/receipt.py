"""What an erasure removed, and what is left in Kafka until when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, Field

from contracts.events import SERVICES
from contracts.topics import TOPICS, dead_letter_topic

Kind = Literal["person", "strangers"]
State = Literal["pending", "done"]

HELD: Mapping[str, str] = {
    "cast.uploaded": "names, cast ids and where pictures were",
    "facebank.updated": "cast ids and names of picture files",
    "cast.changed": "names and cast ids",
    "cast.described": "cast ids, ids in other registries, characters and attributes",
    "cast.linked": "cast ids",
    "links.changed": "cast ids",
    "screentime.reported": "names, cast ids and seconds",
    "person.erased": "the cast id, for subscribers who have to forget the person too",
    "tracks.erased": "the name, to be taken out of what operators wrote",
} | {dead_letter_topic(service): "copies of the messages above that could not be handled" for service in SERVICES}
"""Topic -> what of a person its messages can hold. Others hold ids of episodes, tracks and objects only."""


class KafkaHolding(BaseModel):
    """A topic whose messages cannot be taken back: they are gone by `until`, if its retention is as declared."""

    topic: str
    holds: str
    until: datetime


class EpisodeErasure(BaseModel):
    """How far the erasure is in one episode."""

    ep_id: str
    done: bool = False
    tracks: int = Field(default=0, description="Tracks of the person that were found.")


class ErasureReceipt(BaseModel):
    """What was asked for, what is gone, what is still to do, and what Kafka holds until when. It names nobody."""

    erasure_id: str
    show: str
    kind: Kind
    state: State
    asked_at: datetime
    asked_by: str
    finished_at: datetime | None = None
    episodes_done: int
    episodes_pending: int
    episodes: tuple[EpisodeErasure, ...]
    removed: dict[str, int] = Field(description="What went, and how many of each.")
    elsewhere: int = Field(
        default=0, description="Pictures that an emitter named in a bucket that is not ours: remove them there."
    )
    kafka: tuple[KafkaHolding, ...] = ()


def kafka_holdings(last_written: datetime) -> tuple[KafkaHolding, ...]:
    """What Kafka may hold of a person of whom nothing was published after `last_written`."""
    return tuple(
        KafkaHolding(
            topic=topic.name,
            holds=HELD[topic.name],
            until=last_written.astimezone(UTC) + timedelta(milliseconds=topic.retention_ms),
        )
        for topic in TOPICS
        if topic.name in HELD
    )
