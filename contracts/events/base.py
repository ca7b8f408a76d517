"""What all events have in common: topic, type, key, and an id that says the same of the same work."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from contracts.blobs import Contract
from contracts.ids import EpId, RunId, Slug, event_id
from contracts.warnings import Warning

Profile = Literal["low_power", "balanced", "high_accuracy"]
Stage = Literal["ingest", "detector", "embedder", "grouper", "identity"]
STAGES: tuple[Stage, ...] = ("ingest", "detector", "embedder", "grouper", "identity")
"""What an episode goes through, in this order."""
Service = Literal[Stage, "webhooks"]
SERVICES: tuple[Service, ...] = (*STAGES, "webhooks")
"""Everything that has a consumer group: the stages, and what only tells others."""

Reason = Annotated[str | None, Field(max_length=200, description="Why the run was asked for, where it was said.")]
StartsAt = Annotated[
    float,
    Field(ge=0, description="When a player shows the first picture: its clock begins with the earliest sound."),
]
Timecode = Annotated[
    str | None,
    Field(max_length=11, description="Timecode of the first picture; `;` before the frames is drop-frame."),
]
ProblemDetails = Annotated[tuple[Warning, ...], Field(description="The problems, each with its code and place.")]


class Event(Contract):
    """Base of all events."""

    TOPIC: ClassVar[str]
    TYPE: ClassVar[str]

    @property
    def subject(self) -> str:
        """What the event is about; part of its id and its CloudEvents `subject`."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Kafka message key."""
        raise NotImplementedError

    @property
    def event_id(self) -> str:
        return event_id(self._run(), self.TYPE, self.subject, self._revision())

    def _run(self) -> str:
        return str(getattr(self, "run_id", None) or "")

    def _revision(self) -> int:
        return 0


class EpisodeEvent(Event):
    """An event about one run of one episode, in order per episode."""

    ep_id: EpId
    run_id: RunId

    @property
    def subject(self) -> str:
        return self.ep_id

    @property
    def key(self) -> str:
        return self.ep_id


class SegmentEvent(EpisodeEvent):
    """An event about one segment; segments of one episode spread over partitions."""

    segment: int = Field(ge=0)
    segments: int = Field(ge=1, description="Number of segments of the run.")

    @property
    def subject(self) -> str:
        return f"{self.ep_id}/{self.segment:05d}"

    @property
    def key(self) -> str:
        return self.subject


class ShowEvent(Event):
    """An event about a show and its cast, in order per show."""

    show: Slug

    @property
    def key(self) -> str:
        return self.show
