"""The inference client: batches, shared memory and its fallback, errors by kind, dead models."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import numpy as np
import pytest

from chassis.domain.calibration import Calibration
from chassis.domain.faces import FaceDetections
from chassis.errors import DependencyUnavailable
from chassis.settings import TritonSettings
from chassis.triton.client import ContractViolated, Inference, InferenceRejected
from tests.unit.chassis.triton.inference_server import DETECTOR, EMBEDDER, FINDER, PERSONS, SIDE, FakeTriton, serving

SHARED_MEMORY = Path("/dev/shm")


@asynccontextmanager
async def connected(fake: FakeTriton, **settings: object) -> AsyncIterator[Inference]:
    async with serving(fake) as port:
        chosen = TritonSettings(url=f"127.0.0.1:{port}", **{"watch_interval_s": 0, "timeout_s": 5.0, **settings})  # type: ignore[arg-type]
        async with Inference.connect(chosen) as inference:
            yield inference


def frames_with_faces(*places: tuple[int, int], side: int = 128) -> np.ndarray:
    """Black frames, each with one white pixel at (x, y)."""
    frames = np.zeros((len(places), side, side, 3), dtype=np.uint8)
    for frame, (x, y) in zip(frames, places, strict=True):
        frame[y, x] = 255
    return frames


def chips(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)


def regions_of_this_process() -> set[str]:
    return {path.name for path in SHARED_MEMORY.iterdir() if f"-{os.getpid()}-" in path.name}


async def look(inference: Inference, frames: np.ndarray, *, second_look_below: float = 0.6) -> list[FaceDetections]:
    return await inference.detect(frames, min_score=0.3, max_overlap=0.4, second_look_below=second_look_below)


def run(test: Callable[[], object]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


@pytest.mark.parametrize("shared_memory", [True, False])
def test_detects_in_batches_without_doubles_and_weak_boxes(shared_memory: bool) -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        async with connected(fake, shared_memory=shared_memory) as inference:
            places = [(3, 5), (40, 7), (90, 100), (0, 0), (60, 61)]
            found = await look(inference, frames_with_faces(*places))
        assert [faces.boxes.tolist() for faces in found] == [[[x, y, x + 20, y + 20]] for x, y in places]
        assert [faces.scores.tolist() for faces in found] == [[pytest.approx(0.9)]] * 5
        assert {faces.landmarks.shape for faces in found} == {(1, 10)}
        assert sorted(fake.requests) == sorted([(DETECTOR, size, shared_memory) for size in (2, 2, 1)])

    run(scenario)


def test_a_frame_without_a_sure_face_is_looked_at_again_at_half_size() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        frames = frames_with_faces((10, 10), (64, 32))
        # Two pixels side by side are one brighter pixel at half size only when both are lit; here the second is dim.
        frames[1] = frames[1] // 3
        frames[1, 80:82, 80:82] = 120
        async with connected(fake) as inference:
            sure, unsure = await look(inference, frames)
            once = await look(inference, frames, second_look_below=0.0)
        assert sure.boxes.tolist() == [[10, 10, 30, 30]]
        assert unsure.boxes.shape[0] == 2
        assert any((box == [80, 80, 120, 120]).all() for box in unsure.boxes)
        assert once[1].boxes.tolist() == [[80, 80, 100, 100]]
        assert fake.requests[:2] == [(DETECTOR, 2, True), (DETECTOR, 1, True)]

    run(scenario)


def test_the_small_detector_is_asked_once_a_frame_and_people_have_no_landmarks() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        frames = frames_with_faces((3, 5), (40, 7), (0, 0)) // 2
        async with connected(fake) as inference:
            faces = await inference.find(frames, min_score=0.3, max_overlap=0.4)
            people = await inference.detect_persons(frames, min_score=0.42)
            assert ((await inference.finder()).model_id, (await inference.person_detector()).model_id) == (
                "finder-1",
                "persons-1",
            )
        assert [one.boxes.tolist() for one in faces] == [[[x, y, x + 20, y + 20]] for x, y in [(3, 5), (40, 7), (0, 0)]]
        assert [one.boxes.tolist()[0] for one in people] == [
            [x, y, x + 20, y + 20] for x, y in [(3, 5), (40, 7), (0, 0)]
        ]
        assert [len(one.scores) for one in people] == [1, 1, 1]
        assert [one.animal_boxes.tolist() for one in people] == [one.boxes.tolist() for one in people]
        assert [one.animal_scores.tolist() for one in people] == [one.scores.tolist() for one in people]
        assert sorted(name for name, _, _ in fake.requests) == [FINDER, FINDER, PERSONS, PERSONS]

    run(scenario)


def test_a_model_counts_for_readiness_from_its_first_use_on() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        async with connected(fake) as inference:
            fake.unloaded.add(FINDER)
            assert await inference.ready()
            await inference.find(frames_with_faces((3, 5)), min_score=0.3, max_overlap=0.4)
            assert not await inference.ready()

    run(scenario)


@pytest.mark.parametrize("shared_memory", [True, False])
def test_embeds_many_chips_in_order(shared_memory: bool) -> None:
    async def scenario() -> None:
        fake, faces = FakeTriton(), chips(11)
        async with connected(fake, shared_memory=shared_memory) as inference:
            results = await asyncio.gather(*(inference.embed(faces) for _ in range(6)))
            assert (await inference.embed(faces[:0])).shape == (0, 3)
        for embeddings in results:
            np.testing.assert_allclose(embeddings, faces.mean((1, 2)), rtol=1e-5)

    run(scenario)


def test_memory_is_given_back_at_the_end() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        before = regions_of_this_process()
        async with connected(fake) as inference:
            await inference.embed(chips(2))
            await look(inference, frames_with_faces((1, 1), (2, 2), side=704))
            assert fake.regions
        assert fake.regions == {}
        assert regions_of_this_process() <= before

    run(scenario)


def test_without_shared_memory_pixels_go_with_the_request() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        fake.refuses_regions = True
        async with connected(fake) as inference:
            embeddings = await inference.embed(chips(3))
            assert not inference.shares_memory
        np.testing.assert_allclose(embeddings, chips(3).mean((1, 2)), rtol=1e-5)
        assert fake.requests == [(EMBEDDER, 3, False)]

    run(scenario)


def test_remote_servers_get_no_shared_memory_unless_told() -> None:
    assert TritonSettings(url="127.0.0.1:8001").is_local
    assert not TritonSettings(url="triton.example:8001").is_local


def test_after_a_restart_of_the_server_memory_is_registered_again() -> None:
    async def scenario() -> None:
        first, second = FakeTriton(), FakeTriton()
        async with serving(first) as port:
            context = Inference.connect(
                TritonSettings(url=f"127.0.0.1:{port}", watch_interval_s=0, timeout_s=2.0, in_flight=1)
            )
            inference = await context.__aenter__()
            await inference.embed(chips(1))
        with pytest.raises(DependencyUnavailable):
            await inference.embed(chips(1))
        async with serving(second, port):
            for _ in range(50):
                if await inference.ready():
                    break
                await asyncio.sleep(0.05)
            embeddings = await inference.embed(chips(2))
            np.testing.assert_allclose(embeddings, chips(2).mean((1, 2)), rtol=1e-5)
            assert second.calls == ["register"]
            assert inference.shares_memory
            await context.__aexit__(None, None, None)

    run(scenario)


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (grpc.StatusCode.UNAVAILABLE, "shutting down", DependencyUnavailable),
        (grpc.StatusCode.NOT_FOUND, "Request for unknown model", DependencyUnavailable),
        (grpc.StatusCode.INTERNAL, "Stub process 'x_0_0' is not healthy.", DependencyUnavailable),
        (grpc.StatusCode.INTERNAL, "the model could not be run", InferenceRejected),
        (grpc.StatusCode.INVALID_ARGUMENT, "unexpected shape", InferenceRejected),
    ],
)
def test_errors_say_whether_waiting_helps(
    status: grpc.StatusCode, message: str, error: type[DependencyUnavailable | InferenceRejected]
) -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        fake.failure = (status, message)
        async with connected(fake) as inference:
            with pytest.raises(error) as caught:
                await inference.embed(chips(1))
        assert message in str(caught.value)
        if isinstance(caught.value, DependencyUnavailable):
            assert caught.value.dependency == "triton"

    run(scenario)


def test_a_slow_server_is_unavailable() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        async with connected(fake, timeout_s=0.3) as inference:
            await inference.check_contract()
            fake.delay_s = 2.0
            with pytest.raises(DependencyUnavailable):
                await inference.embed(chips(1))

    run(scenario)


def test_a_server_that_is_not_there_is_unavailable_and_not_ready() -> None:
    async def scenario() -> None:
        async with serving(FakeTriton()) as port:
            pass
        async with Inference.connect(TritonSettings(url=f"127.0.0.1:{port}", timeout_s=1.0)) as inference:
            assert not await inference.ready()
            with pytest.raises(DependencyUnavailable):
                await inference.check_contract()

    run(scenario)


@pytest.mark.parametrize("shape", [(1, 100, 128, 3), (1, 32, 128, 3)])
def test_frames_of_impossible_sizes_are_rejected_before_they_are_sent(shape: tuple[int, ...]) -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        async with connected(fake) as inference:
            with pytest.raises(InferenceRejected, match="divisible by 32"):
                await look(inference, np.zeros(shape, dtype=np.uint8))
        assert fake.requests == []

    run(scenario)


def test_a_dead_model_is_loaded_again() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        async with connected(fake, watch_interval_s=60) as inference:
            for _ in range(200):  # until the watch has made its first round: one request to each model
                if len(fake.requests) >= 2:
                    break
                await asyncio.sleep(0.01)
            fake.dead.add(EMBEDDER)
            with pytest.raises(DependencyUnavailable):
                await inference.embed(chips(1))
            assert not await inference.ready()
            for _ in range(100):
                if await inference.ready():
                    break
                await asyncio.sleep(0.02)
            await inference.embed(chips(1))
        assert [call for call in fake.calls if "load" in call] == [f"unload {EMBEDDER}", f"load {EMBEDDER}"]

    run(scenario)


def test_a_dead_model_is_left_to_others_where_told_so() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        fake.dead.add(DETECTOR)
        async with connected(fake, watch_interval_s=0.02, reload_models=False) as inference:
            await asyncio.sleep(0.2)
            assert not await inference.ready()
        assert not [call for call in fake.calls if "load" in call]

    run(scenario)


def test_contract_tells_what_is_served() -> None:
    async def scenario() -> None:
        async with connected(FakeTriton()) as inference:
            models = await inference.check_contract()
        assert (models.detector.model_id, models.detector.max_batch, models.detector.top_k) == ("detector-1", 2, 3)
        embedder = models.embedder
        assert (embedder.model_id, embedder.max_batch, embedder.dimension, embedder.chip.size) == (
            "embedder-1",
            4,
            3,
            SIDE,
        )
        assert embedder.calibration == Calibration(slope=20.0, midpoint=0.3, data="none")

    run(scenario)


def test_an_uncalibrated_embedder_has_no_calibration() -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        fake.parameters[EMBEDDER]["calibration"] = "uncalibrated"
        async with connected(fake) as inference:
            assert (await inference.embedder()).calibration is None

    run(scenario)


def _renamed_output(fake: FakeTriton) -> None:
    fake.tensors[DETECTOR][1][0] = ("bboxes", "FP32", [-1, 3, 4])


def _float_pixels(fake: FakeTriton) -> None:
    fake.tensors[EMBEDDER][0][0] = ("chips", "FP32", [-1, SIDE, SIDE, 3])


def _four_landmarks(fake: FakeTriton) -> None:
    fake.tensors[DETECTOR][1][2] = ("landmarks", "FP32", [-1, 3, 8])


def _no_model_id(fake: FakeTriton) -> None:
    del fake.parameters[DETECTOR]["model_id"]


def _another_chip(fake: FakeTriton) -> None:
    fake.parameters[EMBEDDER]["chip"] = '{"size": 112, "points": []}'


def _broken_calibration(fake: FakeTriton) -> None:
    fake.parameters[EMBEDDER]["calibration"] = "perhaps"


@pytest.mark.parametrize(
    "change", [_renamed_output, _float_pixels, _four_landmarks, _no_model_id, _another_chip, _broken_calibration]
)
def test_another_model_under_our_name_is_noticed(change: Callable[[FakeTriton], None]) -> None:
    async def scenario() -> None:
        fake = FakeTriton()
        change(fake)
        async with connected(fake) as inference:
            with pytest.raises(ContractViolated, match="does not fit this release"):
                await inference.check_contract()

    run(scenario)


def test_calibration_falls_with_distance_and_inverts() -> None:
    calibration = Calibration(slope=20.0, midpoint=0.3, data="none")
    assert calibration.probability(0.3) == pytest.approx(0.5)
    assert calibration.probability(0.1) > calibration.probability(0.2) > calibration.probability(2.0) > 0
    assert calibration.probability(calibration.distance(0.9)) == pytest.approx(0.9)
