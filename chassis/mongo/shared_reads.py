"""What is read of another service's documents: fields by name, each with the one owner that writes them.

Services know nothing of each other but events and these. Everything else of a collection is its owner's alone, and may
change with it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SharedRead:
    """Fields of a collection that others read besides `_id`, and who does."""

    collection: str
    owner: str
    fields: tuple[str, ...]
    reader: str

    @property
    def projection(self) -> dict[str, int]:
        """What to ask MongoDB for: these fields and nothing else."""
        return dict.fromkeys(self.fields, 1)


EPISODE_FENCE = SharedRead(
    collection="episodes",
    owner="ingest",
    fields=("current_run_id", "last_run_id"),
    reader="chassis.mongo.run_fence",
)
EPISODE_THERE = SharedRead(collection="episodes", owner="ingest", fields=("deleted",), reader="chassis.mongo.run_fence")
EPISODE_FACTS = SharedRead(
    collection="episodes",
    owner="ingest",
    fields=("external_ids", "width", "height"),
    reader="chassis.mongo.episode_facts",
)
RUN_FENCE = SharedRead(collection="runs", owner="ingest", fields=("state",), reader="chassis.mongo.run_fence")

GROUPING = "reported_grouping_revision"
"""The field in which identity says which grouping of its run the reported revision is made from."""

REPORTED = SharedRead(
    collection="identities",
    owner="identity",
    fields=("run_id", "revision", GROUPING),
    reader="chassis.mongo.reported_revision",
)

ERASURES = "erasures"
"""The field of an episode's edits with the erasures that were carried out in them."""

EDITS_LOG = SharedRead(
    collection="edits",
    owner="grouper",
    fields=("version", *(f"log.{field}" for field in ("version", "edit_id", "action", "by", "at", "edit.kind"))),
    reader="chassis.mongo.grouper_read_model",
)
"""Who edited when, and what kind of edit; not what it says."""

EDITS_ERASED = SharedRead(
    collection="edits", owner="grouper", fields=(ERASURES,), reader="chassis.mongo.grouper_read_model"
)
GROUPED = SharedRead(
    collection="grouper_runs", owner="grouper", fields=("event", "base"), reader="chassis.mongo.grouper_read_model"
)

SHARED_READS = (EPISODE_FENCE, EPISODE_THERE, EPISODE_FACTS, RUN_FENCE, REPORTED, EDITS_LOG, EDITS_ERASED, GROUPED)
