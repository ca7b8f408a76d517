"""Keys over their life, as every replica sees them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chassis.http import keys as subject
from chassis.http.keys import ApiKeys
from chassis.mongo.database import Database

pytestmark = pytest.mark.integration


async def test_a_key_expires(database: Database) -> None:
    keys = ApiKeys(database)
    _, lasting = await keys.create(name="Otto", role="viewer", lasts=timedelta(days=1))
    _, over = await keys.create(name="Otto", role="viewer", lasts=timedelta(seconds=-1))
    assert await keys.find(lasting) is not None
    assert await keys.find(over) is None


async def test_a_revoked_key_is_forgotten_by_a_process_that_has_just_seen_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = ApiKeys(database), ApiKeys(database)
    key, text = await here.create(name="Otto", role="viewer")
    assert await there.find(text) is not None
    await here.revoke(key.key_id)
    assert await there.find(text) is not None, "it was seen a moment ago"
    monkeypatch.setattr(subject, "REMEMBERED_S", 0.0)
    assert await there.find(text) is None


async def test_made_up_keys_push_no_real_one_out(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "REMEMBERED_S", 3600.0)
    monkeypatch.setattr(subject, "MOST_REMEMBERED", 20)
    keys = ApiKeys(database)
    _, text = await keys.create(name="Otto", role="viewer")
    assert await keys.find(text) is not None
    await database["api_keys"].delete_many({})
    for number in range(25):
        assert await keys.find(f"sk_{number:012d}_{'A' * 43}") is None
    assert await keys.find(text) is not None, "it is still remembered"
