"""An episode on the images of docker-compose.yml: Apache Kafka, MongoDB, the S3 server and our Triton image."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.events import FacebankUpdated
from contracts.rows import ScreenTimeDocument
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.local.machine import run_machine
from tests.e2e.conftest import MEDIA, SEGMENT_S, SHOW
from tests.support import containers
from tests.support.pipeline import Pipeline, pipeline_on

pytestmark = [pytest.mark.e2e, pytest.mark.docker]

AS_IN_COMPOSE = {
    "SCREENALYTICS_KAFKA__ENABLE_IDEMPOTENCE": "true",
    "SCREENALYTICS_TRITON__SHARED_MEMORY": "false",
    "SCREENALYTICS_PLANNING__SEGMENT_S": str(SEGMENT_S),
}


@pytest_asyncio.fixture(scope="module")
async def on_containers() -> AsyncIterator[Pipeline]:
    """The five services on servers that all run in containers."""
    reason = containers.available() or containers.image_missing("triton")
    if reason is not None:
        pytest.skip(f"no containers: {reason}")
    async with containers.addresses(with_triton=True) as addresses:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in (addresses | AS_IN_COMPOSE).items():
                environment.setenv(name, value)
            async with run_machine(say=lambda _: None, on_event=print) as machine, pipeline_on(machine) as running:
                assert machine.stack.servers == []
                yield running


async def test_an_episode_gets_its_cast_on_real_servers(on_containers: Pipeline, short_video: Path) -> None:
    members = read_cast_folder(MEDIA / "facebank").members
    pictures = await emitter.upload_pictures(on_containers.storage, SHOW, members)
    cast = emitter.cast_uploaded(SHOW, pictures)
    await on_containers.emit(cast)
    await on_containers.log.first(FacebankUpdated, request_id=cast.request_id)
    upload = await on_containers.upload(short_video, f"{SHOW}-s01e01")
    report = await on_containers.finished(upload)
    document = await on_containers.storage.get_document(report.manifests["screen_time.json"], ScreenTimeDocument)
    assert document.cast
    assert all(person.visible_s > 0 for person in document.cast)
