"""The documented examples of screen time, faces and pictures are what the API answers."""

from __future__ import annotations

import pytest

from chassis.mongo.database import Database
from contracts.ids import show_of
from screenalytics.local.servers import Stack
from tests.support.api_examples import hold
from tests.support.identity_api import bucket_on, client_of
from tests.support.reported_episode import EP, report_episode

OTHER_VERSION = "the-office-uncut-s01e02"

pytestmark = pytest.mark.integration


async def test_the_api_answers_as_the_page_says(stack: Stack, database: Database) -> None:
    async with bucket_on(stack) as bucket, client_of(database, *bucket) as http:
        episode = await report_episode(database, bucket[1])
        await report_episode(
            database, bucket[1], ep_id=OTHER_VERSION, run_id="01JCZ5M7Q8XG3V4B2N1K0H9F8E", without=(20.0, 30.0)
        )
        await hold(
            "screen-time.md",
            http,
            {
                "show": show_of(EP),
                "ep_id": EP,
                "other_ep_id": OTHER_VERSION,
                "identity_id": "identity-00001",
                "track_id": episode.tracks[0].track_id,
                "cast_id": "ada",
                "other_cast_id": "bo",
                "picture_key": episode.faces[0].crop,
            },
        )
