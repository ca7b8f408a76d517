"""The inference server as services see it: frames in, faces out; chips in, embeddings out.

Speaks Triton's gRPC. Pixels are uint8 RGB; normalisation, decoding and unit length happen in the models.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import aio as triton
from tritonclient.utils import InferenceServerException

from chassis import metrics
from chassis.domain.faces import (
    MINIMUM_SIDE,
    SIDE_MULTIPLE,
    FaceDetections,
    PersonDetections,
    half_size,
    non_maximum_suppression,
)
from chassis.settings import TritonSettings
from chassis.triton.contract import (
    DetectorInfo,
    EmbedderInfo,
    PersonDetectorInfo,
    ServedModels,
    read_detector,
    read_embedder,
    read_person_detector,
)
from chassis.triton.errors import ContractViolated, InferenceRejected, is_unknown_region, translated
from chassis.triton.model_health import ModelHealth
from chassis.triton.shared_memory import Slot, SlotPool

__all__ = ["ContractViolated", "Inference", "InferenceRejected", "TritonSettings"]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_CHANNEL_OPTIONS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A server that comes back is found again within a second instead of two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
]


class Inference:
    """A connection to the inference server. Safe for many tasks of one event loop.

    Every method that computes raises DependencyUnavailable("triton", …) when the server or a model is away, slow or
    dead, and InferenceRejected when the server refuses the input.
    """

    def __init__(self, settings: TritonSettings) -> None:
        self._settings = settings
        self._client = triton.InferenceServerClient(settings.url, channel_args=_CHANNEL_OPTIONS)
        share = settings.is_local if settings.shared_memory is None else settings.shared_memory
        self._pool = SlotPool(
            self._client, count=settings.in_flight, enabled=share, timeout_s=min(5.0, settings.timeout_s)
        )
        self._models: ServedModels | None = None
        self._finder: DetectorInfo | None = None
        self._person_detector: PersonDetectorInfo | None = None
        self._health = ModelHealth(
            self._client,
            models=(settings.detector_model, settings.embedder_model),
            canary=self._canary,
            reloads=settings.is_local if settings.reload_models is None else settings.reload_models,
            timeout_s=settings.timeout_s,
        )

    @classmethod
    @asynccontextmanager
    async def connect(cls, settings: TritonSettings) -> AsyncIterator[Self]:
        """Opens a connection, with the health watch running beside it; the server need not be up yet."""
        inference = cls(settings)
        watcher = asyncio.create_task(inference.watch()) if settings.watch_interval_s > 0 else None
        try:
            yield inference
        finally:
            if watcher is not None:
                watcher.cancel()
                with suppress(asyncio.CancelledError):
                    await watcher
            await inference.close()

    async def close(self) -> None:
        """Frees shared memory and closes the connection."""
        await self._pool.close()
        await self._client.close()

    @property
    def shares_memory(self) -> bool:
        """Whether pixels go by shared memory at the moment."""
        return self._pool.enabled

    async def ready(self) -> bool:
        """Whether the detector, the embedder and what else was used can be used now. Never raises."""
        try:
            for model in self._health.models:
                if not await self._client.is_model_ready(model, client_timeout=2.0):
                    return False
        except InferenceServerException:
            return False
        return self._health.all_work

    async def check_contract(self) -> ServedModels:
        """Asks the server what it serves and checks it. Raises ContractViolated or DependencyUnavailable."""
        detector, embedder = self._settings.detector_model, self._settings.embedder_model
        self._models = ServedModels(
            detector=read_detector(detector, *await self._describe(detector)),
            embedder=read_embedder(embedder, *await self._describe(embedder)),
        )
        return self._models

    async def models(self) -> ServedModels:
        """The models being served, as last checked; checks them when that has not happened yet."""
        return self._models or await self.check_contract()

    async def detector(self) -> DetectorInfo:
        """The detector being served."""
        return (await self.models()).detector

    async def finder(self) -> DetectorInfo:
        """The small detector being served, checked when it is first asked for and watched from then on."""
        if self._finder is None:
            model = self._settings.finder_model
            self._finder = read_detector(model, *await self._describe(model))
            self._health.include(model)
        return self._finder

    async def person_detector(self) -> PersonDetectorInfo:
        """The person detector being served, checked when it is first asked for and watched from then on."""
        if self._person_detector is None:
            model = self._settings.person_model
            self._person_detector = read_person_detector(model, *await self._describe(model))
            self._health.include(model)
        return self._person_detector

    async def embedder(self) -> EmbedderInfo:
        """The embedder being served: model id, dimension, chip template, calibration."""
        return (await self.models()).embedder

    async def detect(
        self,
        frames: Pixels,
        *,
        min_score: float,
        max_overlap: float,
        second_look_below: float,
    ) -> list[FaceDetections]:
        """Finds faces in frames uint8 [N,H,W,3] (RGB, H and W divisible by 32, at least 64): one result a frame.

        Boxes below `min_score` are left out, and of boxes that overlap by more than `max_overlap` the best one stays.
        A frame without a face of at least `second_look_below` is looked at again at half its size, which finds faces
        taller than the frame; 0 never looks twice.
        """
        if len(frames) == 0:
            return []
        _require_sides(self._settings.detector_model, frames)
        found = await self._detect_once(frames, min_score)
        unsure = [index for index, faces in enumerate(found) if faces.best_score < second_look_below]
        if unsure:
            halves = await asyncio.to_thread(lambda: np.stack([half_size(frames[index]) for index in unsure]))
            for index, faces in zip(unsure, await self._detect_once(halves, min_score), strict=True):
                found[index] = _joined(found[index], faces, scale=2.0)
        return [_without_doubles(faces, max_overlap=max_overlap) for faces in found]

    async def find(self, frames: Pixels, *, min_score: float, max_overlap: float) -> list[FaceDetections]:
        """As `detect`, with the small detector and without a second look.

        It costs a sixth, sees smaller faces, and loses heads rolled by more than 20 degrees; its landmarks are good for
        tracking, not for aligning (they are off by up to a third of the face on such heads).
        """
        if len(frames) == 0:
            return []
        _require_sides(self._settings.finder_model, frames)
        info = await self.finder()
        found = await self._faces(self._settings.finder_model, frames, min_score, info.max_batch)
        return [_without_doubles(faces, max_overlap=max_overlap) for faces in found]

    async def detect_persons(self, frames: Pixels, *, min_score: float) -> list[PersonDetections]:
        """Finds people and animals in frames uint8 [N,H,W,3] (RGB, H and W divisible by 32, long side 416; padding 114):
        one result a frame. Boxes below `min_score` are left out.
        """
        if len(frames) == 0:
            return []
        _require_sides(self._settings.person_model, frames)
        info = await self.person_detector()
        outputs = ("boxes", "scores", "animal_boxes", "animal_scores")
        answers = await self._infer_in_batches(self._settings.person_model, "frames", frames, outputs, info.max_batch)
        return [
            PersonDetections(
                boxes[scores >= min_score],
                scores[scores >= min_score],
                animal_boxes[animal_scores >= min_score],
                animal_scores[animal_scores >= min_score],
            )
            for answer in answers
            for boxes, scores, animal_boxes, animal_scores in zip(*answer, strict=True)
        ]

    async def _detect_once(self, frames: Pixels, min_score: float) -> list[FaceDetections]:
        info = await self.detector()
        return await self._faces(self._settings.detector_model, frames, min_score, info.max_batch)

    async def _faces(self, model: str, frames: Pixels, min_score: float, max_batch: int) -> list[FaceDetections]:
        answers = await self._infer_in_batches(model, "frames", frames, ("boxes", "scores", "landmarks"), max_batch)
        return [
            FaceDetections(boxes=boxes[sure], scores=scores[sure], landmarks=landmarks[sure])
            for answer in answers
            for boxes, scores, landmarks in zip(*answer, strict=True)
            for sure in (scores >= min_score,)
        ]

    async def embed(self, chips: Pixels) -> Floats:
        """Embeds aligned chips uint8 [N,S,S,3] (RGB, as `align_chip` cuts them): float32 [N,D], each of unit length."""
        info = await self.embedder()
        if len(chips) == 0:
            return np.zeros((0, info.dimension), dtype=np.float32)
        answers = await self._infer_in_batches(
            self._settings.embedder_model, "chips", chips, ("embedding",), info.max_batch
        )
        return np.concatenate([embedding for (embedding,) in answers])

    async def watch(self) -> None:
        """Tries the models every few seconds, for as long as it runs; loads a dead one again where that is allowed."""
        await self._health.watch(self._settings.watch_interval_s)

    async def _describe(self, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
        timeout = self._settings.timeout_s
        try:
            metadata = await self._client.get_model_metadata(model, as_json=True, client_timeout=timeout)
            config = await self._client.get_model_config(model, as_json=True, client_timeout=timeout)
        except InferenceServerException as error:
            raise translated(model, error) from error
        return metadata, config["config"]

    async def _infer_in_batches(
        self, model: str, input_name: str, pixels: Pixels, outputs: Sequence[str], max_batch: int
    ) -> list[tuple[Floats, ...]]:
        starts = range(0, len(pixels), max_batch)
        requests = [self._infer(model, input_name, pixels[start : start + max_batch], outputs) for start in starts]
        return await asyncio.gather(*requests)

    async def _infer(self, model: str, input_name: str, pixels: Pixels, outputs: Sequence[str]) -> tuple[Floats, ...]:
        batch = np.ascontiguousarray(pixels, dtype=np.uint8)
        self._health.asked()
        asked = time.perf_counter()
        async with self._pool.slot() as slot:
            metrics.inference_queue_seconds.labels(model).observe(time.perf_counter() - asked)
            try:
                return await self._infer_once(model, input_name, batch, outputs, slot)
            except InferenceServerException as error:
                if not (slot.registered and is_unknown_region(error)):
                    self._health.note(model, error)
                    raise translated(model, error) from error
            self._pool.forget_registrations()
            try:
                return await self._infer_once(model, input_name, batch, outputs, slot)
            except InferenceServerException as error:
                self._health.note(model, error)
                raise translated(model, error) from error

    async def _infer_once(
        self, model: str, input_name: str, batch: Pixels, outputs: Sequence[str], slot: Slot
    ) -> tuple[Floats, ...]:
        request = triton.InferInput(input_name, list(batch.shape), "UINT8")
        if await self._pool.place(slot, batch):
            request.set_shared_memory(slot.name, batch.nbytes)
        else:
            request.set_data_from_numpy(batch)
        wanted = [triton.InferRequestedOutput(name) for name in outputs]
        with metrics.inference_seconds.labels(model).time():
            answer = await self._client.infer(model, [request], outputs=wanted, client_timeout=self._settings.timeout_s)
        return tuple(np.asarray(answer.as_numpy(name), dtype=np.float32) for name in outputs)

    async def _canary(self, model: str) -> None:
        """One small request, with its pixels inside, so that it tests the model and nothing else."""
        if model == self._settings.embedder_model:
            name, side = "chips", (await self.embedder()).chip.size
        else:
            name, side = "frames", MINIMUM_SIDE
        request = triton.InferInput(name, [1, side, side, 3], "UINT8")
        request.set_data_from_numpy(np.zeros((1, side, side, 3), dtype=np.uint8))
        try:
            await self._client.infer(model, [request], client_timeout=self._settings.timeout_s)
        except InferenceServerException as error:
            raise translated(model, error) from error


def _require_sides(model: str, frames: Pixels) -> None:
    height, width = frames.shape[1:3]
    if height % SIDE_MULTIPLE or width % SIDE_MULTIPLE or min(height, width) < MINIMUM_SIDE:
        raise InferenceRejected(model, f"frames of {width}x{height}: sides must be divisible by 32, at least 64")


def _joined(first: FaceDetections, second: FaceDetections, *, scale: float) -> FaceDetections:
    """Both results; the second one's coordinates are multiplied by `scale`."""
    return FaceDetections(
        boxes=np.concatenate([first.boxes, second.boxes * np.float32(scale)]),
        scores=np.concatenate([first.scores, second.scores]),
        landmarks=np.concatenate([first.landmarks, second.landmarks * np.float32(scale)]),
    )


def _without_doubles(faces: FaceDetections, *, max_overlap: float) -> FaceDetections:
    if len(faces.scores) < 2:
        return faces
    kept = non_maximum_suppression(faces.boxes, faces.scores, max_overlap=max_overlap)
    return FaceDetections(boxes=faces.boxes[kept], scores=faces.scores[kept], landmarks=faces.landmarks[kept])
