from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from chassis.domain.crop_archive import read_chips
from chassis.domain.faces import CHIP_POINTS, DEFAULT_CHIP, FaceDetections
from chassis.errors import DependencyUnavailable
from chassis.settings import DecodingLimits
from services.detector.analysis import SegmentAnalysis, analyse_segment
from services.detector.looks.faces import Detect, Detectors
from services.detector.reading.segment_frames import SegmentSource
from services.detector.rules import DetectorProfile, DetectorProfiles
from tests.unit.detector.clips import Pixels, scene, write_video

PROFILES = DetectorProfiles()
GROUP_BY_GROUP = PROFILES.balanced.model_copy(update={"frames_in_flight": 2, "pixels_in_flight": 0})
"""One group of frames waits at a time."""
RED = (230, 20, 20)


def with_face(background: Pixels, x: int, *, side: int = 40) -> Pixels:
    """A grey picture of a scene with a red square, which the detector of these tests takes for a face."""
    picture = np.repeat((background.mean(axis=2, keepdims=True) / 2).astype(np.uint8), 3, axis=2)
    picture[60 : 60 + side, x : x + side] = RED
    return picture


def without_face(background: Pixels) -> Pixels:
    return with_face(background, 0, side=0)


async def find_red(frames: Pixels) -> list[FaceDetections]:
    """Finds the red square of each frame."""
    await asyncio.sleep(0)
    found = []
    for frame in frames.astype(int):
        rows, columns = np.nonzero((frame[..., 0] > 150) & (frame[..., 1] < 100))
        if len(rows) < 20:
            found.append(FaceDetections(*(np.zeros(shape, np.float32) for shape in ((0, 4), (0,), (0, 10)))))
            continue
        corner = np.array([columns.min(), rows.min()], dtype=np.float32)
        far = np.array([columns.max() + 1, rows.max() + 1], dtype=np.float32)
        landmarks = np.array(CHIP_POINTS, dtype=np.float32) / 150 * (far - corner) + corner
        box = np.concatenate([corner, far])
        found.append(FaceDetections(box[None], np.array([0.9], np.float32), landmarks.reshape(1, 10)))
    return found


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds: a face for 1.2 s, a cut, nobody for 0.8 s, a cut, a moving face for 2 s."""
    first, second, third = scene(1), scene(2), scene(3)
    pictures = [with_face(first, 100)] * 30 + [without_face(second)] * 20
    pictures += [with_face(third, 40 + 3 * step) for step in range(50)]
    options = {"preset": "ultrafast", "x264-params": "keyint=25:scenecut=0:threads=1"}
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4", pictures, options=options)


def source(video: Path, start_s: float = 0.0, end_s: float = 4.0) -> SegmentSource:
    return SegmentSource(url=str(video), stream_index=0, origin_s=0.0, start_s=start_s, end_s=end_s, duration_s=4.0)


async def analyse(
    place: SegmentSource,
    *,
    segment: int = 0,
    profile: DetectorProfile = PROFILES.balanced,
    find: Detect = find_red,
    check: Detect = find_red,
) -> SegmentAnalysis:
    return await analyse_segment(
        place,
        ep_id="show-s01e01",
        segment=segment,
        profile=profile,
        detectors=Detectors(find=find, check=check),
        model_id="red",
        decoding=DecodingLimits(),
    )


@pytest.mark.parametrize("profile", ["low_power", "balanced", "high_accuracy"])
async def test_tracks_begin_and_end_exactly_at_cuts(video: Path, profile: str) -> None:
    found = await analyse(source(video), profile=getattr(PROFILES, profile))
    assert [(shot.start_s, shot.end_s) for shot in found.shots] == [(0.0, 1.2), (1.2, 2.0), (2.0, 4.0)]
    assert [(track.start_s, track.end_s) for track in found.tracks] == [(0.0, 1.2), (2.0, 4.0)]
    assert [track.shot_id for track in found.tracks] == ["shot-00000-000", "shot-00000-002"]
    assert found.decoded_frames == 100
    assert found.problems == ()


async def test_rows_point_at_each_other_and_at_their_pictures(video: Path) -> None:
    found = await analyse(source(video))
    tracks = {track.track_id: track for track in found.tracks}
    assert {row.track_id for row in found.detections} == set(tracks)
    assert sum(track.detections for track in found.tracks) == len(found.detections)
    for track in found.tracks:
        faces = [face for face in found.faces if face.track_id == track.track_id]
        assert track.crops == tuple(face.crop for face in faces)
        assert 1 < len(faces) <= PROFILES.balanced.crops.chips_per_track
        assert track.representative == faces[0].face_id
        assert faces[0].thumbnail is not None
    chips = read_chips(
        found.crops_zip, [(face.crop.removeprefix("#"), face.crop_points) for face in found.faces], chip=DEFAULT_CHIP
    )
    assert chips[..., 0].mean() > 150
    first = found.detections[0]
    assert first.bbox == pytest.approx((100 / 320, 60 / 180, 140 / 320, 100 / 180), abs=0.01)


async def test_same_segment_gives_the_same_bytes(video: Path) -> None:
    assert await analyse(source(video)) == await analyse(source(video))


async def test_segments_meet_at_their_border(video: Path) -> None:
    before, after = await analyse(source(video, 0.0, 3.0)), await analyse(source(video, 3.0, 4.0), segment=1)
    assert (before.tracks[-1].end_s, after.tracks[0].start_s) == (3.0, 3.0)
    assert (before.shots[-1].ends_with, after.shots[0].starts_with, after.shots[-1].ends_with) == (
        "segment",
        "segment",
        "end",
    )
    assert not before.cut_at_end
    assert before.decoded_frames + after.decoded_frames == 100
    assert after.tracks[0].track_id == "track-00001-000"


async def test_cut_at_the_border_is_told(video: Path) -> None:
    before = await analyse(source(video, 0.0, 2.0))
    assert before.cut_at_end
    assert before.shots[-1].ends_with == "cut"


async def test_frames_wait_for_the_detector_only_a_few_at_a_time(video: Path) -> None:
    running, most = 0, 0

    async def slow(frames: Pixels) -> list[FaceDetections]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        return await find_red(frames)

    profile = PROFILES.balanced.model_copy(
        update={"frames_in_flight": 6, "pixels_in_flight": 0, "half_size_look": False, "full_looks_per_s": 8.0}
    )
    result = await analyse(source(video), profile=profile, find=slow)
    assert 1 < most <= 3
    assert len(result.tracks) == 2


async def test_detector_that_is_away_ends_the_analysis_with_that(video: Path) -> None:
    async def away(frames: Pixels) -> list[FaceDetections]:
        raise DependencyUnavailable("triton", f"no answer for {len(frames)} frames")

    with pytest.raises(DependencyUnavailable):
        await analyse(source(video), find=away, check=away)


async def test_analysis_can_be_cancelled(video: Path) -> None:
    entered = asyncio.Event()

    async def never(frames: Pixels) -> list[FaceDetections]:
        entered.set()
        await asyncio.sleep(3600)
        return await find_red(frames)

    task = asyncio.create_task(analyse(source(video), find=never, check=never))
    await asyncio.wait_for(entered.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)


@pytest.fixture
def emptied(video: Path, tmp_path: Path) -> Path:
    """The video with its index but every picture overwritten."""
    path = tmp_path / "a.mp4"
    data = bytearray(video.read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    return path


async def test_segment_without_any_picture_is_said(emptied: Path) -> None:
    found = await analyse(source(emptied))
    assert found.tracks == ()
    assert any("0.0 s" in problem for problem in found.problems)


def test_more_frames_wait_where_they_are_small_but_no_more_pixels_than_of_large_ones() -> None:
    profile = PROFILES.balanced
    sizes = [(240, 320), (540, 960), (720, 1280), (1080, 1920), (1440, 2560)]
    most = [profile.in_flight(*size) for size in sizes]
    assert most == [48, 28, 16, 12, 12]
    assert all(count * height * width <= 12 * 1440 * 2560 for count, (height, width) in zip(most, sizes, strict=True))


async def test_tracks_that_have_ended_are_looked_at_closely_while_the_rest_is_decoded(video: Path) -> None:
    asked: list[str] = []

    async def find(frames: Pixels) -> list[FaceDetections]:
        asked.append("find")
        return await find_red(frames)

    async def check(pictures: Pixels) -> list[FaceDetections]:
        asked.extend(["check"] * len(pictures))
        return await find_red(pictures)

    found = await analyse(source(video), profile=GROUP_BY_GROUP, find=find, check=check)
    assert found == await analyse(source(video))
    last_find = len(asked) - asked[::-1].index("find")
    assert 0 < asked[:last_find].count("check") < asked.count("check")
    assert asked.count("check") == len(found.faces), "no picture is looked at twice"


async def test_a_detector_that_is_away_for_closer_looks_is_told_at_the_end(video: Path) -> None:
    async def away(_pictures: Pixels) -> list[FaceDetections]:
        raise DependencyUnavailable("triton", "away")

    with pytest.raises(DependencyUnavailable):
        await analyse(source(video), profile=GROUP_BY_GROUP, check=away)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_frames_are_halved_or_stay_at_most_as_large_as_they_may_be() -> None:
    sizes = [640, 1920, 2560, 2700, 3840, 4096, 5120, 7680]
    assert [PROFILES.balanced.frame_side(size) for size in sizes] == [640, 1920, 2560, 2560, 1920, 2048, 2560, 1920]
    assert [PROFILES.high_accuracy.frame_side(size) for size in sizes[3:]] == [2560] * 4 + [2560]
