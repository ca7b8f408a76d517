"""MongoDB: the connection, and every collection with its owner and indexes in one place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from bson.codec_options import CodecOptions
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from chassis.settings import MongoSettings

Document = dict[str, Any]
Database = AsyncDatabase[Document]


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A collection: only its owner writes it."""

    name: str
    owner: str
    holds: str
    indexes: tuple[IndexModel, ...] = ()


COLLECTIONS: tuple[Collection, ...] = (
    Collection(name="service_instances", owner="chassis", holds="a sign of life of every running service process"),
    Collection(
        name="delivery_attempts",
        owner="chassis",
        holds="one document per message that is tried again: how often it was tried",
        indexes=(IndexModel([("at", ASCENDING)], expireAfterSeconds=14 * 24 * 3600),),
    ),
    Collection(name="api_keys", owner="chassis", holds="one document per API key: its hash, role and shows"),
    Collection(
        name="sessions", owner="chassis", holds="one document per signed-in browser: a hash of its cookie, its key"
    ),
    Collection(
        name="audit",
        owner="chassis",
        holds="who called which command of the HTTP API, and when",
        indexes=(IndexModel([("ep_id", ASCENDING), ("at", DESCENDING)]), IndexModel([("at", DESCENDING)])),
    ),
    Collection(
        name="episodes",
        owner="ingest",
        holds="one document per episode: facts, version, current run, outbox; of a deleted one, what stays closed",
        indexes=(
            IndexModel([("show", ASCENDING)]),
            IndexModel([("outbox_since", ASCENDING)], sparse=True),
            IndexModel([("deletion.due_at", ASCENDING)], sparse=True),
            IndexModel([("asked.since", ASCENDING)], sparse=True),
        ),
    ),
    Collection(
        name="runs",
        owner="ingest",
        holds="one document per run: plan, state, progress counts, outbox",
        indexes=(
            IndexModel([("state", ASCENDING), ("progressed_at", ASCENDING)]),
            IndexModel([("state", ASCENDING), ("created_at", ASCENDING)]),
            IndexModel([("ep_id", ASCENDING), ("_id", DESCENDING)]),
            IndexModel([("outbox_since", ASCENDING)], sparse=True),
        ),
    ),
    Collection(
        name="uploads",
        owner="ingest",
        holds="one document per upload in parts: what it will be, and what became of it",
        indexes=(IndexModel([("ep_id", ASCENDING)]), IndexModel([("command", ASCENDING)])),
    ),
    Collection(
        name="proxies",
        owner="ingest",
        holds="one document per video that a browser's copy was asked of: how far it is",
        indexes=(IndexModel([("ep_id", ASCENDING)]), IndexModel([("due_at", ASCENDING)], sparse=True)),
    ),
    Collection(
        name="run_segments",
        owner="ingest",
        holds="one document per segment of a run: the event that asks for it",
        indexes=(IndexModel([("run_id", ASCENDING)]), IndexModel([("ep_id", ASCENDING)])),
    ),
    Collection(
        name="grouper_segments",
        owner="grouper",
        holds="one document per embedded segment of a run: the event that said so",
        indexes=(IndexModel([("run_id", ASCENDING)]),),
    ),
    Collection(
        name="grouper_barriers",
        owner="grouper",
        holds="one document per run: which segments are embedded",
        indexes=(IndexModel([("ep_id", ASCENDING)]),),
    ),
    Collection(
        name="grouper_runs",
        owner="grouper",
        holds="one document per grouped run: its latest grouping and the event it emitted",
        indexes=(IndexModel([("ep_id", ASCENDING)]),),
    ),
    Collection(
        name="edits",
        owner="grouper",
        holds="one document per episode: the log of operators' edits, its version, its outbox",
        indexes=(IndexModel([("outbox_since", ASCENDING)], sparse=True),),
    ),
    Collection(
        name="facebanks",
        owner="identity",
        holds="one document per show: members, its revision, the request it answered last, its outbox",
        indexes=(IndexModel([("outbox_since", ASCENDING)], sparse=True),),
    ),
    Collection(
        name="facebank_pictures",
        owner="identity",
        holds="one document per reference picture: vector, quality, verdict",
        indexes=(IndexModel([("show", ASCENDING), ("cast_id", ASCENDING)]),),
    ),
    Collection(
        name="facebank_requests",
        owner="identity",
        holds="one document per request with reference pictures: what it was answered, for two months",
        indexes=(IndexModel([("show", ASCENDING), ("at", ASCENDING)]),),
    ),
    Collection(
        name="identities",
        owner="identity",
        holds="one document per episode: people's links and dismissals with their history, its reported run, its outbox",
        indexes=(
            IndexModel([("show", ASCENDING), ("named", ASCENDING)]),
            IndexModel([("outbox_since", ASCENDING)], sparse=True),
        ),
    ),
    Collection(
        name="presence",
        owner="identity",
        holds="one document per open page on an episode: whose it is and what it shows, for half a minute",
        indexes=(IndexModel([("ep_id", ASCENDING)]), IndexModel([("until", ASCENDING)], expireAfterSeconds=0)),
    ),
    Collection(
        name="people",
        owner="identity",
        holds="one document per episode: the evidence on its current identities, to find them in other episodes",
        indexes=(IndexModel([("show", ASCENDING)]),),
    ),
    Collection(
        name="screen_time",
        owner="identity",
        holds="one document per screen time revision",
        indexes=(
            IndexModel([("ep_id", ASCENDING), ("run_id", ASCENDING), ("revision", ASCENDING)], unique=True),
            IndexModel([("cause", ASCENDING)]),
        ),
    ),
    Collection(
        name="erasures",
        owner="identity",
        holds="one document per erasure: how far it is and what went; whom it is about until it is done",
        indexes=(
            IndexModel([("show", ASCENDING)]),
            IndexModel([("due_at", ASCENDING)], sparse=True),
            IndexModel([("outbox_since", ASCENDING)], sparse=True),
        ),
    ),
    Collection(
        name="webhooks",
        owner="webhooks",
        holds="one document per webhook: its address, its secrets, what it wants to hear of",
        indexes=(IndexModel([("sameness", ASCENDING)], unique=True),),
    ),
    Collection(
        name="webhook_deliveries",
        owner="webhooks",
        holds="one document per event and webhook: what is sent, and every try, for two weeks",
        indexes=(
            IndexModel([("webhook_id", ASCENDING), ("due_at", ASCENDING)], sparse=True),
            IndexModel([("webhook_id", ASCENDING), ("occurred_at", DESCENDING)]),
            IndexModel([("show", ASCENDING), ("cast_ids", ASCENDING)]),
            IndexModel([("kept_since", ASCENDING)], expireAfterSeconds=14 * 24 * 3600),
        ),
    ),
    Collection(name="dead_letters", owner="cli", holds="one document per dead letter that was replayed or dropped"),
)


def _monitoring(uri: str) -> dict[str, Any]:
    """How a client watches the server that it is connected to directly, where the address does not say.

    One server has nothing to tell of other members: what pymongo's stream of such news costs both sides, several looks a
    second for every client, is saved. That the server is gone is found by whoever asks it something, as before.
    """
    said = {name.lower(): values[-1] for name, values in parse_qs(urlsplit(uri).query).items()}
    if said.get("directconnection") != "true":
        return {}
    chosen = {"serverMonitoringMode": "poll", "heartbeatFrequencyMS": 60_000}
    return {name: value for name, value in chosen.items() if name.lower() not in said}


TIDY_EVERY_S: Final = 5.0
"""How often a client closes cursors that were left open, and connections too old."""


def _tidy_less_often(client: AsyncMongoClient[Document]) -> None:
    """Set how often pymongo looks whether there is anything to tidy: twice a second, and it has no option for that."""
    tidying = getattr(client, "_kill_cursors_executor", None)  # not there yet where the address is looked up in DNS
    if tidying is not None:
        tidying._min_interval = TIDY_EVERY_S


@asynccontextmanager
async def connect(settings: MongoSettings) -> AsyncIterator[Database]:
    """A database handle for the life of a service."""
    uri = settings.uri.get_secret_value()
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        uri,
        **_monitoring(uri),
        serverSelectionTimeoutMS=settings.timeout_ms,
        connectTimeoutMS=settings.timeout_ms,
        socketTimeoutMS=4 * settings.timeout_ms,
        appname="screenalytics",
        tz_aware=True,
        retryWrites=True,
        w="majority",
        journal=True,  # MongoDB's majority implies it; the embedded server loses the last writes of a kill -9 without it
    )
    _tidy_less_often(client)
    try:
        yield client.get_database(settings.database, codec_options=CodecOptions(tz_aware=True))
    finally:
        await client.close()


OWNERS = tuple(sorted({collection.owner for collection in COLLECTIONS}))
"""Who has collections: the services, the chassis and the command line."""


async def missing_indexes(database: Database) -> list[str]:
    """The declared indexes that are not there, as `collection.index`, whoever owns them."""
    missing = []
    for collection in COLLECTIONS:
        there = await database[collection.name].index_information() if collection.indexes else {}
        missing += [
            f"{collection.name}.{index.document['name']}"
            for index in collection.indexes
            if index.document["name"] not in there
        ]
    return missing


async def ensure_indexes(database: Database, *, owner: str) -> None:
    """Create the declared indexes of an owner's collections; repeated calls change nothing.

    Nothing is read for it: who may only add to a collection may do this.
    """
    for collection in COLLECTIONS:
        if collection.owner == owner and collection.indexes:
            await database[collection.name].create_indexes(list(collection.indexes))


async def reachable(database: Database) -> bool:
    """Whether the server answers a ping."""
    try:
        await database.command("ping")
    except PyMongoError:
        return False
    return True
