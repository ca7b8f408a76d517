"""Two people's seconds are the same through every server and service, however the video was recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.accuracy import machine, process
from benchmarks.jobs import Job
from benchmarks.truth import LabelledEpisode, Truth
from chassis.domain.intervals import intersection
from chassis.settings import ChassisSettings
from chassis.video.geometry import Orientation
from screenalytics.local.servers import check_installed
from tests.accuracy.in_process import Models
from tests.support.recordings import BT601, BT2020, HLG, PQ, Pixels, Recording, write_recording

pytestmark = [
    pytest.mark.accuracy,
    pytest.mark.e2e,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
]

SECONDS = 3.2
SIZE = (640, 360)
HEVC = Recording(codec="libx265")
DEEP = replace(HEVC, pixel_format="yuv420p10le")

RECORDINGS = {
    "mirrored.mp4": Recording(orientation=Orientation(True, 0)),
    "transposed.mov": Recording(suffix=".mov", orientation=Orientation(True, 1)),
    "upside-down-wide.mkv": replace(
        HEVC, suffix=".mov", orientation=Orientation(False, 2), pixel_aspect=Fraction(4, 3)
    ),
    "hdr10.mp4": replace(DEEP, colours=PQ),
    "hlg.mkv": replace(DEEP, suffix=".mkv", colours=HLG),
    "bt2020.ts": replace(DEEP, suffix=".ts", colours=BT2020),
    "12-bit.mkv": replace(HEVC, suffix=".mkv", pixel_format="yuv420p12le"),
    "grey.mp4": Recording(pixel_format="gray"),
    "alpha.mov": Recording(suffix=".mov", codec="prores_ks", pixel_format="yuva444p10le"),
    "full-range.avi": Recording(
        suffix=".avi", codec="mjpeg", pixel_format="yuvj420p", colours=replace(BT601, full_range=True)
    ),
    "interlaced-wide.ts": Recording(
        suffix=".ts",
        codec="mpeg2video",
        options={"flags": "+ildct+ilme"},
        interlaced=True,
        pixel_aspect=Fraction(4, 3),
        colours=BT601,
    ),
    "dvd.mpg": Recording(suffix=".mpg", codec="mpeg2video", pixel_aspect=Fraction(4, 3), colours=BT601),
    "b-frames.avi": Recording(suffix=".avi", codec="mpeg4", options={"bf": "2"}),
    "late-start.mkv": Recording(suffix=".mkv", clock=Fraction(1, 90_000), start_s=7.2),
    "vp9.webm": Recording(suffix=".webm", codec="libvpx-vp9"),
}


@pytest.fixture(scope="module")
async def running(models: Models) -> AsyncIterator[ChassisSettings]:
    async with machine() as settings:
        yield settings


@pytest.fixture(scope="module")
def pictures(short_episode: LabelledEpisode) -> list[Pixels]:
    """The episode's first seconds."""
    shown = []
    with av.open(str(short_episode.video)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= SECONDS:
                break
            small = frame.to_ndarray(format="rgb24", width=SIZE[0], height=SIZE[1])
            shown.append(np.asarray(small, dtype=np.uint8))
    return shown


@pytest.mark.parametrize("name", RECORDINGS)
async def test_people_and_their_seconds_are_those_of_the_plain_video(
    name: str, running: ChassisSettings, pictures: list[Pixels], short_episode: LabelledEpisode, tmp_path: Path
) -> None:
    recording = RECORDINGS[name]
    shown = [picture for picture in pictures for _ in range(2)] if recording.interlaced else pictures
    video = write_recording(tmp_path / f"{name.partition('.')[0]}{recording.suffix}", shown, recording)
    intervals = {
        person: intersection(spans, [(0.0, SECONDS)]) for person, spans in short_episode.truth.intervals.items()
    }
    present = {person: spans for person, spans in intervals.items() if spans}
    assert len(present) == 2
    truth = Truth(name=name, duration_s=SECONDS, fps=25.0, intervals=present)
    job = Job(episode=LabelledEpisode(video=video, truth=truth, cast=short_episode.cast), named=True, title=name)
    result = await process(running, job, tmp_path / "result")
    scored = job.score(result)
    assert {member.cast_id for member in result.screen_time.cast} == set(present)
    assert [person for person in scored.people if not person.good] == []
    assert scored.wrong_name_s <= 0.2
