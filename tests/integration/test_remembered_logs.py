"""Logs of commands are remembered as they were read, and never used where somebody else changed them since."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pymongo import AsyncMongoClient
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from chassis.kafka.bus import Bus
from chassis.mongo.database import Database, Document
from chassis.mongo.outbox import Outbox
from chassis.mongo.remembered_logs import MOST_BYTES
from chassis.settings import KafkaSettings
from contracts.events import ClustersEdited, LinksChanged
from services.grouper.edits.kinds import Rename
from services.grouper.edits.log import EditRecord
from services.grouper.edits.track_group import TrackGroup
from services.grouper.store.edits import EditBook, EditStore
from services.identity.links.history import LinkRecord
from services.identity.links.transitions import link_identity_to_cast
from services.identity.store.links import LinkStore

pytestmark = pytest.mark.integration

EP, RUN, WHO, AT = "a-show-s01e01", "01ARZ3NDEKTSV4RRFFQ69G5FA1", "kim", "2026-01-01T00:00:00.000Z"
ONE = "identity-00001"


class LogsRead(CommandListener):
    """Counts the documents that came out of MongoDB with a log in them."""

    def __init__(self) -> None:
        self.count = 0

    def started(self, event: CommandStartedEvent) -> None: ...
    def failed(self, event: CommandFailedEvent) -> None: ...

    def succeeded(self, event: CommandSucceededEvent) -> None:
        found = event.reply.get("cursor", {}).get("firstBatch", [])
        self.count += sum(bool(one.get("log") or one.get("changes")) for one in found)


@pytest.fixture
def logs_read() -> LogsRead:
    return LogsRead()


@pytest_asyncio.fixture
async def listened(mongo_uri: str, database: Database, logs_read: LogsRead) -> AsyncIterator[Database]:
    """The same database over a connection that is listened to."""
    async with AsyncMongoClient[Document](mongo_uri, event_listeners=[logs_read]) as client:
        yield client[database.name]


async def rename(store: EditStore, label: str, *, book: EditBook | None = None) -> bool:
    """Store an edit on the log as it is now, or as it was read before."""
    book = book or await store.read(EP)
    version = book.version + 1
    edit = Rename(group=TrackGroup(identity_id=ONE, track_ids=("track-00000-001",)), label=label)
    record = EditRecord(
        edit_id=f"edit-{version}-{label}",
        action="apply",
        by=WHO,
        at=AT,
        edit=edit,
        run_id=RUN,
        version=version,
        command_id=f"command-{version}-{label}",
    )
    event = ClustersEdited(
        ep_id=EP, run_id=RUN, version=version, edit_id=record.edit_id, action="apply", kind="rename", who=WHO, at=AT
    )
    return await store.append(EP, book, record, event)


async def labels(store: EditStore) -> list[str | None]:
    return [record.edit.label for record in (await store.read(EP)).log if isinstance(record.edit, Rename)]


async def test_what_a_store_knows_of_a_log_it_does_not_read_again(listened: Database, logs_read: LogsRead) -> None:
    store = EditStore(listened)
    for number in range(20):
        assert await rename(store, f"Name {number}")
    assert await labels(store) == [f"Name {number}" for number in range(20)]
    assert logs_read.count == 0
    other = EditStore(listened)
    assert (await other.read(EP)) == (await store.read(EP)) == (await other.read(EP))
    assert logs_read.count == 1, "whoever comes later reads it once"


async def test_what_another_process_stored_is_read(database: Database) -> None:
    mine, other = EditStore(database), EditStore(database)
    assert await rename(mine, "Ada")
    known = await mine.read(EP)
    assert await rename(other, "Bob")
    assert not await rename(mine, "Eve", book=known), "that was for another version"
    assert await labels(mine) == ["Ada", "Bob"]
    assert await rename(mine, "Eve")
    assert await labels(other) == ["Ada", "Bob", "Eve"]


async def test_what_another_process_erased_is_forgotten_though_the_version_stays(database: Database) -> None:
    mine, other = EditStore(database), EditStore(database)
    assert await rename(mine, "Ada")
    assert await rename(mine, "Bob")
    known = await mine.read(EP)
    await other.forget_in_log(EP, "erasure", lambda log: log[1:])
    assert await labels(mine) == ["Bob"]
    assert (await mine.read(EP)).version == known.version
    assert not await rename(mine, "Eve", book=known), "a command does not bring back what it was decided on"
    assert await rename(mine, "Eve")
    assert await labels(mine) == await labels(other) == await labels(EditStore(database)) == ["Bob", "Eve"]


async def test_an_erasure_amid_the_first_command_on_an_old_log_is_kept(database: Database) -> None:
    """Logs of earlier releases have no mark: what was read of one may have been erased when the command is stored."""
    mine, other = EditStore(database), EditStore(database)
    assert await rename(mine, "Ada")
    assert await rename(mine, "Bob")
    await mine.collection.update_one({"_id": EP}, {"$unset": {"log_last": ""}})
    known = await mine.read(EP)
    await other.forget_in_log(EP, "erasure", lambda log: log[1:])
    assert await rename(mine, "Eve", book=known)
    assert await labels(mine) == ["Bob", "Eve"]


async def test_a_log_that_was_begun_anew_is_not_taken_for_the_one_before(database: Database) -> None:
    mine, other = EditStore(database), EditStore(database)
    assert await rename(mine, "Ada")
    await other.forget(EP, RUN)
    assert await mine.read(EP) == EditBook()
    assert await rename(other, "Bob")
    assert (await mine.read(EP)).version == 1
    assert await labels(mine) == ["Bob"]


async def test_a_long_log_is_not_kept(listened: Database, logs_read: LogsRead) -> None:
    store = EditStore(listened)
    assert await rename(store, "Ada")
    await store.collection.update_one({"_id": EP}, {"$set": {"log_bytes": MOST_BYTES}})
    assert await rename(store, "Bob")
    await store.read(EP)
    read = logs_read.count
    await store.read(EP)
    assert logs_read.count == read + 1


@pytest_asyncio.fixture
async def reported(database: Database) -> Database:
    """An episode that was reported, without decisions."""
    await database["identities"].insert_one(
        {"_id": EP, "show": "a-show", "run_id": RUN, "revision": 1, "version": 0}
        | {"links": [], "dismissed": [], "changes": []}
    )
    return database


def link_store(database: Database) -> LinkStore:
    return LinkStore(database, Outbox(Bus("identity", KafkaSettings()), ()))


async def link(store: LinkStore, cast_id: str) -> bool:
    episode = await store.load(EP, history=True)
    assert episode is not None
    step = link_identity_to_cast(
        episode.effective,
        identity_id=ONE,
        cast_id=cast_id,
        by="operator",
        expected_version=episode.version,
        locked=False,
        who=WHO,
        at=AT,
        event_id=f"event-{episode.version}",
    )
    version = step.state.version
    record = LinkRecord(
        version=version, command_id=f"command-{version}", action="link", who=WHO, at=AT, changes=(step.change,)
    )
    event = LinksChanged(
        ep_id=EP, run_id=RUN, version=version, action="link", identity_id=ONE, cast_id=cast_id, who=WHO, at=AT
    )
    return await store.store(episode, step.state, record, event)


async def linked(store: LinkStore) -> list[str | None]:
    """Whom the commands linked, the first at the beginning."""
    episode = await store.load(EP, history=True)
    assert episode is not None
    return [command.changes[0].cast_id for command in episode.commands]


async def test_the_history_of_links_is_not_read_again_either(
    reported: Database, listened: Database, logs_read: LogsRead
) -> None:
    store, names = link_store(listened), ["ada", "bob"] * 10
    for name in names:
        assert await link(store, name)
    assert await linked(store) == names
    assert logs_read.count == 0, "an empty history is none"
    other = link_store(listened)
    assert await other.load(EP, history=True) == await store.load(EP, history=True)
    assert await linked(other) == names
    assert logs_read.count == 1


async def test_links_that_another_process_stored_or_erased_are_read(reported: Database) -> None:
    mine, other = link_store(reported), link_store(reported)
    assert await link(mine, "ada")
    assert await link(other, "bob")
    assert await linked(mine) == ["ada", "bob"]
    episode = await other.load(EP, history=True)
    assert episode is not None
    assert await other.forget(episode, "ada", [])
    assert "ada" not in await linked(mine)
    assert await linked(mine) == await linked(link_store(reported))
