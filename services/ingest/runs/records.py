"""What ingest keeps of episodes, runs and uploads. Pure: `store/` reads these out of documents and writes their changes.

Field names are those of the documents, so that a filter and the record that came of it read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from contracts.blobs import BlobRef, VideoRef
from contracts.events import Profile, RunStarted, ScreenTimeReported
from contracts.sign_off import SignOff
from services.ingest.runs.states import State

ID: Any = Field(validation_alias="_id", serialization_alias="_id")
"""The field by whose value the store finds a record."""


class Record(BaseModel):
    """Base of the records: frozen; fields that only the store knows are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Failure(BaseModel):
    """Why a run failed: `code` is stable, `message` says what to do."""

    stage: str
    code: str
    message: str


class Pieces(Record):
    """Pieces of work of a stage; `seq` is the number in the run's sequence at which `done` became so, `at` the time of
    the latest (None before any, and in records of before it was noted).
    """

    done: int
    total: int
    seq: int
    at: datetime | None = None


class MeasuredFrom(Record):
    """When a run was taken up again, and the part of the video that was done by then."""

    at: datetime
    fraction: float


class Run(Record):
    """A planned run.

    `report` is the latest revision of its result; where only `report_revision` is set, the rest was not asked for.
    `signed_off` is the sign-off that it carries.
    """

    run_id: str = ID
    ep_id: str
    state: State
    profile: Profile
    started: RunStarted
    video: BlobRef | None = None
    video_sha256: str
    created_at: datetime
    progressed_at: datetime
    finished_at: datetime | None = None
    rescues: int = 0
    rescued_at: datetime | None = None
    stages_done: frozenset[str] = frozenset()
    segments_done: Mapping[str, Mapping[str, int]] = Field(
        default_factory=dict, description="Stage -> which segments it has done, as `chassis.mongo.bitset` notes them."
    )
    progress: Mapping[str, Pieces] = Field(default_factory=dict)
    measured_from: MeasuredFrom | None = None
    seq: int = 0
    state_seq: int = 0
    report_seq: int = 0
    failure: Failure | None = None
    superseded_by: str | None = None
    report: ScreenTimeReported | None = None
    report_revision: int | None = None
    signed_off: SignOff | None = None

    def done_by(self, stage: str) -> Mapping[str, int]:
        """Which segments a stage has done."""
        return self.segments_done.get(stage, {})


class RunSummary(Record):
    """Of a run what lists of episodes show."""

    run_id: str = ID
    state: State
    profile: Profile
    created_at: datetime


class RequestedRun(Record):
    """A run that a command asked for: its id is known before anything has happened."""

    command: str
    run_id: str
    event_id: str
    profile: Profile
    at: datetime
    who: str
    fingerprint: str | None = None
    failure: Failure | None = None


class Leftovers(Record):
    """What a deletion has still to remove: everything of the runs up to `last_run_id`."""

    last_run_id: str
    deleted_at: datetime
    passes: int
    due_at: datetime
    videos: tuple[str, ...] = ()


class EpisodeRecord(Record):
    """What is left of an episode when it was deleted: its tombstone. `last_run_id` closes every run up to it for ever."""

    ep_id: str = ID
    version: int = Field(default=0, description="Of the facts; 0 for one that was never written.")
    last_run_id: str | None = None
    deletion: Leftovers | None = None


class Tombstone(EpisodeRecord):
    """An episode that was deleted."""


class Episode(EpisodeRecord):
    """An episode that is there. `deletion` is that of an earlier one of its name."""

    title: str | None = None
    air_date: str | None = None
    data: dict[str, str] | None = None
    external_ids: dict[str, str] | None = Field(default=None, description="Registry -> id.")
    duration_s: float | None = None
    video: VideoRef | None = None
    current_run_id: str | None = None
    created_at: datetime
    updated_at: datetime
    starts: tuple[RequestedRun, ...] = ()
    asked_run_id: str | None = Field(default=None, description="The run that was asked for and is not planned yet.")
    commands: tuple[str, ...] = Field(default=(), description="`id fingerprint` of the last commands that changed it.")

    def has(self, facts: Mapping[str, object]) -> bool:
        """Whether the facts are what they should be."""
        return all(getattr(self, name) == value for name, value in facts.items())


class Upload(Record):
    """A video that comes in parts, below `uploads/` until it was checked."""

    upload_id: str = ID
    ep_id: str
    state: str = Field(description="open, completed, rejected or aborted.")
    filename: str
    suffix: str
    key: str
    multipart_id: str
    bytes: int
    part_bytes: int
    sha256: str
    media_type: str
    profile: Profile
    title: str | None = None
    start: bool
    force: bool = False
    run_id: str | None = None
    created_at: datetime
    command: str
    fingerprint: str | None = None
    caller: str
    who: str
