"""`screenalytics indexes`: the declared collections and the set-up of their indexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.errors import PyMongoError

from chassis.errors import DependencyUnavailable
from chassis.mongo import database as mongo
from chassis.mongo.shared_reads import SHARED_READS
from chassis.settings import ChassisSettings


def _keys(document: Mapping[str, Any]) -> str:
    order = ", ".join(f"{field} {direction}" for field, direction in document["key"].items())
    return f"({order})" + (" unique" if document.get("unique") else "")


def list_indexes() -> None:
    """Print every collection with its owner, what it holds and its declared indexes."""
    for collection in mongo.COLLECTIONS:
        print(f"{collection.name} ({collection.owner}): {collection.holds}")
        for index in collection.indexes:
            print(f"  {_keys(index.document)}")
        for shared in SHARED_READS:
            if shared.collection == collection.name:
                print(f"  read by {shared.reader}: {', '.join(shared.fields)}")


async def apply() -> None:
    """Create every declared index that is missing and say which; repeated calls change nothing.

    Raises:
        DependencyUnavailable: when MongoDB does not answer or refuses.
    """
    async with mongo.connect(ChassisSettings().mongo) as database:
        try:
            made = await mongo.missing_indexes(database)
            for owner in mongo.OWNERS:
                await mongo.ensure_indexes(database, owner=owner)
        except PyMongoError as error:
            raise DependencyUnavailable("mongo", str(error)[:300]) from error
    for name in made:
        print(f"made {name}")
    declared = sum(len(collection.indexes) for collection in mongo.COLLECTIONS)
    print(f"{len(made)} indexes made, {declared - len(made)} were there: {declared} indexes are as declared")
