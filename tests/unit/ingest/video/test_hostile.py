"""Small files that ask for much are refused with a code, within bounds of memory and time, and nobody else is touched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.errors import BadInput
from chassis.settings import DecodingLimits
from chassis.video.limited import LimitedWork, LimitReached, run_limited
from chassis.video.limited_child import MIB
from services.detector.reading.segment_frames import SegmentSource, read_samples
from services.detector.rules import DetectorProfiles
from services.ingest.settings import IngestSettings
from services.ingest.video.clips import cut_clip
from services.ingest.video.probing import probe
from tests.support import hostile_videos
from tests.support.memory import MemorySeen, watch_memory
from tests.support.videos import write_video

LITTLE = DecodingLimits(memory_mib=256, cpu_s=30)
MAKING = DecodingLimits(memory_mib=6000, cpu_s=300)
MODULES_MIB = 250
"""What a child holds before it begins."""

Make = Callable[[Path], Path]


async def made(make: Make, path: Path) -> Path:
    """The file, made in a child: encoders need more memory than the tests allow decoders."""
    return await run_limited(make, path, within=MAKING)


@pytest_asyncio.fixture(scope="module")
async def many_references(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await made(hostile_videos.many_references, tmp_path_factory.mktemp("references") / "v.mp4")


@pytest_asyncio.fixture(scope="module")
async def grows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await made(hostile_videos.grows, tmp_path_factory.mktemp("grows") / "v.mkv")


def check_bounded(seen: MemorySeen, within: DecodingLimits) -> None:
    assert seen.child < (within.memory_mib + MODULES_MIB) * MIB
    assert seen.grown < 64 * MIB


async def test_pictures_larger_than_any_episode_has_are_refused_by_the_header(tmp_path: Path) -> None:
    file = await made(hostile_videos.huge_pictures, tmp_path / "v.mp4")
    assert file.stat().st_size < 300_000
    with watch_memory() as seen, pytest.raises(BadInput, match="8192x8192") as caught:
        await run_limited(probe, str(file), within=LITTLE)
    assert caught.value.code == "too_large_picture"
    check_bounded(seen, LITTLE)
    assert seen.child < (MODULES_MIB + 64) * MIB, "nothing was decoded"


async def test_more_reference_pictures_than_have_room_are_found_before_a_run_is_planned(many_references: Path) -> None:
    with watch_memory() as seen, pytest.raises(LimitReached, match="256 MiB") as caught:
        await run_limited(probe, str(many_references), within=LITTLE)
    assert caught.value.code == "too_much_memory"
    check_bounded(seen, LITTLE)
    facts = await run_limited(probe, str(many_references), within=DecodingLimits(memory_mib=1024, cpu_s=60))
    assert (facts.width, facts.height) == (4096, 2816), "where there is room it is a video"


async def test_the_detector_refuses_what_no_header_announced(grows: Path) -> None:
    with watch_memory() as seen, pytest.raises(LimitReached) as caught:
        reading(grows).result()
    assert caught.value.code == "too_much_memory"
    check_bounded(seen, LITTLE)


def test_the_detector_calls_no_lack_of_memory_damage(many_references: Path) -> None:
    with pytest.raises(LimitReached):
        reading(many_references).result()


async def test_clips_are_bounded_too(many_references: Path) -> None:
    with watch_memory() as seen, pytest.raises(BadInput):
        await run_limited(
            cut_clip, str(many_references), stream_index=0, origin_s=0.0, start_s=0.0, end_s=1.0, within=LITTLE
        )
    check_bounded(seen, LITTLE)


async def test_hundreds_of_streams_are_bounded(tmp_path: Path) -> None:
    file = await made(hostile_videos.many_streams, tmp_path / "v.mkv")
    with watch_memory() as seen:
        facts = await run_limited(probe, str(file), within=LITTLE)
    assert "900 video streams" in facts.problems[0]
    check_bounded(seen, LITTLE)


async def test_packets_without_end_are_given_up(tmp_path: Path) -> None:
    file = await made(partial(hostile_videos.tiny_packets, count=1_000_000), tmp_path / "v.nut")
    with watch_memory() as seen, pytest.raises(LimitReached) as caught:
        await run_limited(probe, str(file), within=DecodingLimits(memory_mib=256, cpu_s=1))
    assert caught.value.code == "too_much_computing"
    check_bounded(seen, LITTLE)


def test_an_upload_may_take_less_computing_than_a_segment() -> None:
    settings = IngestSettings()
    assert settings.probing == DecodingLimits(memory_mib=settings.decoding.memory_mib, cpu_s=120)
    assert IngestSettings(decoding=DecodingLimits(cpu_s=5)).probing.cpu_s == 5


async def test_a_usual_video_is_probed_as_it_would_be_here(tmp_path: Path) -> None:
    file = write_video(tmp_path / "v.mp4", seconds=2.0)
    assert await run_limited(probe, str(file), within=LITTLE) == probe(str(file))


def reading(path: Path) -> LimitedWork[object, object]:
    source = SegmentSource(url=str(path), stream_index=0, origin_s=0.0, start_s=0.0, end_s=20.0, duration_s=20.0)
    return LimitedWork(read_samples, source, DetectorProfiles().balanced, within=LITTLE)
