"""The documented examples of the operations on clusters and edits are what the API answers."""

from __future__ import annotations

import pytest

from chassis.mongo.database import Database
from screenalytics.local.servers import Stack
from tests.support.api_examples import hold
from tests.support.grouper_system import APPEARANCES, EP_ID, Take, grouper_system

pytestmark = pytest.mark.integration


async def test_the_api_answers_as_the_page_says(stack: Stack, database: Database) -> None:
    async with grouper_system(stack, database) as system, system.client() as http:
        await system.group(Take(APPEARANCES))
        await hold(
            "clusters.md",
            http,
            {
                "ep_id": EP_ID,
                "identity_id": "identity-00001",
                "other_identity_id": "identity-00002",
                "track_id": "track-00000-006",
            },
            meanwhile=system.settle,
        )
