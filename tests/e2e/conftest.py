"""One machine with all servers and services for every end-to-end test; each test has its own episodes."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.events import STAGES, FacebankUpdated
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.local.machine import API, run_machine
from screenalytics.local.servers import ChildEvent, check_installed
from screenalytics.local.servers.ports import choose_free_port
from tests.support.looped_video import loop_video
from tests.support.pipeline import Pipeline, pipeline_on

MEDIA = Path(__file__).resolve().parents[3] / "shared" / "media"
SHOW = "promises"
SEGMENT_S = 4.0
DETECTOR_PORT = choose_free_port()
API_PORT = choose_free_port()
API_URL = f"http://127.0.0.1:{API_PORT}"


@pytest.fixture(scope="package")
def short_video() -> Path:
    """A labelled episode of 17 s: four segments."""
    video = MEDIA / "sample-episode-2.mp4"
    if not video.exists():
        pytest.skip("the labelled episodes are not here")
    return video


@pytest.fixture(scope="package")
def long_video(short_video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, twice in a row: eight segments."""
    video = tmp_path_factory.mktemp("video") / "long.mp4"
    loop_video(short_video, video, times=2)
    return video


@pytest.fixture(scope="package")
def child_events() -> list[ChildEvent]:
    """What the supervisor saw."""
    return []


@pytest_asyncio.fixture(scope="package")
async def pipeline(
    short_video: Path, child_events: list[ChildEvent], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Pipeline]:
    """A machine with small segments and the cast of the show known. Its logs stay in pytest's temporary folder."""
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SCREENALYTICS_PLANNING__SEGMENT_S", str(SEGMENT_S))
        environment.setenv("SCREENALYTICS_TELEMETRY__EXPORTER", "console")
        environment.setenv("SCREENALYTICS_RECONCILER__STALLED_AFTER_S", "20")
        async with (
            run_machine(
                services=[*STAGES, API],
                http_ports={"detector": DETECTOR_PORT, API: API_PORT},
                say=lambda _: None,
                on_event=child_events.append,
            ) as machine,
            pipeline_on(machine) as running,
        ):
            members = read_cast_folder(MEDIA / "facebank").members
            pictures = await emitter.upload_pictures(running.storage, SHOW, members)
            cast = emitter.cast_uploaded(SHOW, pictures)
            await running.emit(cast)
            await running.log.first(FacebankUpdated, request_id=cast.request_id)
            try:
                yield running
            finally:
                shutil.copytree(machine.stack.log_path("x").parent, tmp_path_factory.mktemp("machine") / "logs")
