"""Between the driver and FerretDB: commands that it does not take are said in words that it does.

Every rewriting is counted and printed at the end, so that nothing is passed over in silence: what is rewritten is not
proved here, what goes through is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import bson
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

from tests.support.mongo_rights import HEADER, OP_MSG, command_of

Command = dict[str, Any]
Document = dict[str, Any]

EXPIRY = "createIndexes: expireAfterSeconds left out (no test waits for an expiry)"
FIELDS = "findAndModify: fields left out (the whole document is answered)"
PULL = "update: $pull by a condition, as $pullAll of the elements that meet it"
INDEXES = "createIndexes: of several, one after the other (several at once end its connection)"
EMPTY = "update: empty arrays and nulls of $setOnInsert, which it forgets, set when the document is there"
PIPELINE = "update: by a pipeline, as $set of what it makes of the document"
NESTED = "arrays in arrays and names with points, stored in other words and answered as they were"
_ARRAY = "an array in an array"
"""The only field of the document that stands for an inner array."""
_WRITES = frozenset({"insert", "update", "delete", "findAndModify", "findandmodify", "createIndexes"})
"""What goes to it one after the other: changes of a document are as atomic as MongoDB's because of this, not of FerretDB."""
_POINT = "\N{ONE DOT LEADER}"
"""Stands for a point in the name of a field."""


class Translation:
    """What FerretDB 1 refuses or misreads, rewritten; `changes` counts how often."""

    def __init__(self, client: AsyncMongoClient[Document]) -> None:
        self.changes: Counter[str] = Counter()
        self._client = client

    async def of(self, command: Command) -> Command | None:
        """The command as FerretDB takes it; None where it takes it as it is."""
        flat = flattened(command)
        if flat != command:
            self.changes[NESTED] += 1
        said = await self._said(flat)
        return flat if said is None and flat != command else said

    async def _said(self, command: Command) -> Command | None:
        name = next(iter(command))
        if name == "createIndexes":
            return await self._indexes(command)
        if name in {"findAndModify", "findandmodify"} and "fields" in command:
            self.changes[FIELDS] += 1
            return _without(command, "fields")
        if name == "update":
            collection = self._client[command["$db"]][command["update"]]
            updates = [await self._update(collection, one) for one in command["updates"]]
            if any(new is not old for new, old in zip(updates, command["updates"], strict=True)):
                return {**command, "updates": updates}
        return None

    async def _indexes(self, command: Command) -> Command | None:
        """The last index, the others made; without their expiry."""
        indexes = [_without(index, "expireAfterSeconds") for index in command["indexes"]]
        self.changes[EXPIRY] += any("expireAfterSeconds" in index for index in command["indexes"])
        self.changes[INDEXES] += len(indexes) > 1
        for index in indexes[:-1]:
            await self._client[command["$db"]].command("createIndexes", command["createIndexes"], indexes=[index])
        return {**command, "indexes": indexes[-1:]}

    async def after(self, command: Command, answer: Mapping[str, Any]) -> None:
        """What is still missing when an update has been answered."""
        for inserted in answer.get("upserted", ()):
            update = command["updates"][inserted["index"]]["u"]
            empty = {path: value for path, value in update.get("$setOnInsert", {}).items() if value in ([], None)}
            if empty:
                self.changes[EMPTY] += 1
                collection = self._client[command["$db"]][command["update"]]
                await collection.update_one({"_id": inserted["_id"]}, {"$set": empty})

    async def _update(self, collection: AsyncCollection[Document], update: Document) -> Document:
        change = update["u"]
        if isinstance(change, Sequence):
            document = await collection.find_one(update["q"])
            if document is None:
                return {**update, "u": {"$set": {"_id": None}}, "q": {"_id": {"$exists": False}}}
            self.changes[PIPELINE] += 1
            return {**update, "u": piped(document, change)}
        conditions = {key: value for key, value in change.get("$pull", {}).items() if isinstance(value, dict)}
        if not conditions:
            return update
        self.changes[PULL] += 1
        document = await collection.find_one(update["q"]) or {}
        gone = {
            key: [element for element in _at(document, key) or [] if meets(element, wanted)]
            for key, wanted in conditions.items()
        }
        rest = {key: value for key, value in change["$pull"].items() if key not in conditions}
        rewritten = _without(change, "$pull") | {"$pullAll": gone} | ({"$pull": rest} if rest else {})
        return {**update, "u": rewritten}


def flattened(command: Command) -> Command:
    """The command with what it writes as FerretDB can store it."""
    match next(iter(command)):
        case "insert":
            return {**command, "documents": [_plain(document) for document in command["documents"]]}
        case "update":
            return {**command, "updates": [{**one, "u": _change(one["u"])} for one in command["updates"]]}
        case "findAndModify" | "findandmodify" if "update" in command:
            return {**command, "update": _change(command["update"])}
    return command


def _change(change: Any) -> Any:
    """An update, whose paths stay as they are, a pipeline of such, or a document that replaces another."""
    if isinstance(change, list):
        return [_change(stage) for stage in change]
    if all(operator.startswith("$") for operator in change):
        return {
            operator: {path: _plain(value) for path, value in paths.items()} if isinstance(paths, dict) else paths
            for operator, paths in change.items()
        }
    return _plain(change)


def _plain(value: Any, *, inside: bool = False) -> Any:
    """A value with documents for the arrays that stand in arrays, and without points in names."""
    if isinstance(value, list):
        made = [_plain(one, inside=True) for one in value]
        return {_ARRAY: made} if inside else made
    if isinstance(value, dict):
        return {key.replace(".", _POINT): _plain(one) for key, one in value.items()}
    return value


def restored(value: Any) -> Any:
    """The values as they were before `flattened`."""
    if isinstance(value, list):
        return [restored(one) for one in value]
    if isinstance(value, dict):
        if _ARRAY in value:
            return restored(value[_ARRAY])
        return {key.replace(_POINT, "."): restored(one) for key, one in value.items()}
    return value


def _without(document: Mapping[str, Any], name: str) -> Document:
    return {key: value for key, value in document.items() if key != name}


def _at(document: Mapping[str, Any], path: str) -> Any:
    """What is at a dotted path; None where nothing is."""
    found: Any = document
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def meets(element: Any, condition: Mapping[str, Any]) -> bool:
    """Whether an element of an array meets a condition of $pull: equality, $in and $lte by field, as ours are."""
    for path, wanted in condition.items():
        value = _at(element, path)
        if isinstance(wanted, Mapping):
            if unknown := wanted.keys() - {"$in", "$lte"}:
                raise ValueError(f"$pull with {', '.join(sorted(unknown))} is not known")
            if "$in" in wanted and value not in wanted["$in"]:
                return False
            if "$lte" in wanted and not (value is not None and value <= wanted["$lte"]):
                return False
        elif value != wanted:
            return False
    return True


def piped(document: Document, stages: Sequence[Mapping[str, Any]]) -> Document:
    """The update that sets what the pipeline's $set and $unset stages make of a document."""
    made: Document = {}
    unset: list[str] = []
    for stage in stages:
        for path, expression in stage.get("$set", {}).items():
            made[path] = _value(expression, {**document, **made})
        unset += stage.get("$unset", [])
    return {"$set": made} | ({"$unset": dict.fromkeys(unset, "")} if unset else {})


def _value(expression: Any, document: Document) -> Any:
    """An aggregation expression's value: literals, fields, $ifNull and $add."""
    if isinstance(expression, str) and expression.startswith("$"):
        return _at(document, expression[1:])
    if not isinstance(expression, dict):
        return expression
    if "$ifNull" in expression:
        return next(value for one in expression["$ifNull"] if (value := _value(one, document)) is not None)
    if "$add" in expression:
        return sum(_value(one, document) for one in expression["$add"])
    return {key: _value(value, document) for key, value in expression.items()}


@asynccontextmanager
async def translating(server: tuple[str, int]) -> AsyncIterator[tuple[int, Counter[str]]]:
    """A loopback port in front of `server`, and what was rewritten on the way, counted."""
    own: AsyncMongoClient[Document] = AsyncMongoClient(*server, directConnection=True)
    translation = Translation(own)
    alone = asyncio.Lock()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*server)
        try:
            while True:
                head = await reader.readexactly(HEADER.size)
                length, request, response, code = HEADER.unpack(head)
                body = await reader.readexactly(length - HEADER.size)
                command = command_of(body) if code == OP_MSG else {}
                # FerretDB reads a document, changes it and stores it whole: of two changes at once it loses one.
                async with alone if _WRITES & command.keys() else nullcontext():
                    changed = await translation.of(command) if command else None
                    if changed is not None:
                        body = body[:4] + b"\0" + bson.encode(changed)
                        head = HEADER.pack(HEADER.size + len(body), request, response, code)
                    to_server.write(head + body)
                    await to_server.drain()
                    message, answer = await _answer(from_server)
                    if "update" in command:
                        await translation.after(command, answer)
                    writer.write(message)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            to_server.close()
            writer.close()

    listening = await asyncio.start_server(client, "127.0.0.1", 0)
    try:
        async with listening:
            yield listening.sockets[0].getsockname()[1], translation.changes
    finally:
        await own.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[bytes, Mapping[str, Any]]:
    """One whole answer with its inner arrays, and the document in it."""
    head = await reader.readexactly(HEADER.size)
    length, number, response, code = HEADER.unpack(head)
    body = await reader.readexactly(length - HEADER.size)
    answer = command_of(body) if code == OP_MSG else {}
    if _ARRAY.encode() in body or _POINT.encode() in body:
        answer = restored(answer)
        body = body[:4] + b"\0" + bson.encode(answer)
        head = HEADER.pack(HEADER.size + len(body), number, response, code)
    return head + body, answer
