"""`screenalytics indexes create`: every owner's, and nothing said that is not so."""

from __future__ import annotations

import pytest

from chassis.mongo.database import COLLECTIONS, Database, ensure_indexes
from screenalytics.commands import indexes

pytestmark = pytest.mark.integration

DECLARED = {f"{collection.name}.{index.document['name']}" for collection in COLLECTIONS for index in collection.indexes}


@pytest.fixture
def settings(database: Database, mongo_uri: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The command's settings lead to this test's database."""
    monkeypatch.setenv("SCREENALYTICS_MONGO__URI", mongo_uri)
    monkeypatch.setenv("SCREENALYTICS_MONGO__DATABASE", database.name)
    return database


async def stored(database: Database) -> set[str]:
    return {
        f"{collection.name}.{name}"
        for collection in COLLECTIONS
        for name in await database[collection.name].index_information()
        if name != "_id_"
    }


async def test_every_declared_index_is_made_the_chassis_own_too_and_told(
    settings: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await ensure_indexes(settings, owner="ingest")
    there = await stored(settings)
    await indexes.apply()
    told = capsys.readouterr().out.splitlines()
    assert await stored(settings) == DECLARED
    assert {line.removeprefix("made ") for line in told[:-1]} == DECLARED - there
    assert any(line.startswith("made audit.") for line in told)
    assert (
        told[-1]
        == f"{len(DECLARED - there)} indexes made, {len(there)} were there: {len(DECLARED)} indexes are as declared"
    )


async def test_what_is_there_is_not_said_to_be_made(settings: Database, capsys: pytest.CaptureFixture[str]) -> None:
    await indexes.apply()
    capsys.readouterr()
    await indexes.apply()
    assert (
        capsys.readouterr().out
        == f"0 indexes made, {len(DECLARED)} were there: {len(DECLARED)} indexes are as declared\n"
    )
