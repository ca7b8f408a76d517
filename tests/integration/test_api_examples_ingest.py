"""The documented examples of episodes, runs, uploads and videos are what the API answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from chassis.mongo.database import Database
from screenalytics.local.servers import Stack
from tests.support.api_examples import Values, hold
from tests.support.ingest_api import ingest_api, seed_examples
from tests.support.videos import write_video

pytestmark = pytest.mark.integration


async def test_the_api_answers_as_the_page_says(stack: Stack, database: Database, tmp_path: Path) -> None:
    video = write_video(tmp_path / "episode.mp4", seconds=6).read_bytes()
    async with ingest_api(stack, database) as api:
        values: Values = {**await seed_examples(api, video)}
        await hold("episodes.md", api.client, values)
        await hold("session.md", api.client, {})
