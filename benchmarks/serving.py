"""The two models as something to be measured: behind a Triton server, or in this process with onnxruntime."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from tritonclient.grpc import aio as triton

from chassis.settings import TritonSettings
from chassis.triton.client import Inference
from screenalytics.local.servers import Stack
from screenalytics.weights import default_cache_dir, load_registry, pull, stage_runtime, triton_command

Pixels = npt.NDArray[np.uint8]

DETECTOR, EMBEDDER = "face_detector", "sface"
INPUTS = {DETECTOR: "frames", EMBEDDER: "chips"}
PROVIDERS = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
}


class DeviceMissing(RuntimeError):
    """What was asked for cannot be measured here; the message says what is missing."""


class Served(Protocol):
    """The models of one server."""

    async def infer(self, model: str, pixels: Pixels) -> None:
        """One request of uint8 [N,H,W,3], all the way to its results."""

    async def configure(self, model: str, *, instances: int, queue_delay_us: int | None) -> None:
        """Serve a model with other settings. Raises DeviceMissing where that cannot be done."""

    async def restore(self, model: str) -> None:
        """Serve a model with its own settings again."""


class OnTriton:
    """Through the client that the services use, shared memory included where the server is local."""

    def __init__(self, inference: Inference, client: Any) -> None:
        self._inference = inference
        self._client = client

    async def infer(self, model: str, pixels: Pixels) -> None:
        if model == DETECTOR:
            await self._inference.detect(pixels, min_score=0.3, max_overlap=0.4, second_look_below=0.0)
        else:
            await self._inference.embed(pixels)

    async def configure(self, model: str, *, instances: int, queue_delay_us: int | None) -> None:
        config = (await self._client.get_model_config(model, as_json=True))["config"]
        for group in config["instance_group"]:
            group["count"] = instances
            group["name"] = ""
        if queue_delay_us is not None:
            config["dynamic_batching"]["max_queue_delay_microseconds"] = str(queue_delay_us)
        await self._client.load_model(model, config=json.dumps(config))

    async def restore(self, model: str) -> None:
        await self._client.load_model(model)


class InProcess:
    """onnxruntime in this process: what a GPU machine without Triton can still tell."""

    def __init__(self, repository: Path, device: str, *, threads: int = 2) -> None:
        wanted = PROVIDERS[device]
        if wanted not in onnxruntime.get_available_providers():
            raise DeviceMissing(f"onnxruntime has no {wanted} here: install onnxruntime-gpu beside the NVIDIA driver.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = list(dict.fromkeys([wanted, "CPUExecutionProvider"]))
        self._sessions = {
            model: onnxruntime.InferenceSession(str(repository / model / "1" / "model.onnx"), options, providers)
            for model in INPUTS
        }
        for session in self._sessions.values():
            # A provider whose libraries are missing is left out with no more than a warning.
            if session.get_providers()[0] != wanted:
                raise DeviceMissing(f"onnxruntime could not start {wanted}: look at its message above.")

    async def infer(self, model: str, pixels: Pixels) -> None:
        await asyncio.to_thread(self._sessions[model].run, None, {INPUTS[model]: pixels})

    async def configure(self, model: str, *, instances: int, queue_delay_us: int | None) -> None:
        raise DeviceMissing(
            f"{model}: {instances} instances and a queue delay of {queue_delay_us} are settings of Triton; use --url."
        )

    async def restore(self, model: str) -> None:
        """Nothing was changed."""


@asynccontextmanager
async def on_triton(url: str, *, in_flight: int) -> AsyncIterator[OnTriton]:
    """A server that is running; `in_flight` is the most requests at a time."""
    settings = TritonSettings(url=url, in_flight=in_flight, watch_interval_s=0, timeout_s=120.0)
    client = triton.InferenceServerClient(url)
    try:
        async with Inference.connect(settings) as inference:
            await inference.check_contract()
            yield OnTriton(inference, client)
    finally:
        await client.close()


@asynccontextmanager
async def on_embedded_triton(*, in_flight: int) -> AsyncIterator[OnTriton]:
    """A server of our own on this machine, with no other server beside it."""
    registry, cache = load_registry(), default_cache_dir()
    runtime, repository = stage_runtime(registry.server, cache, print), pull(registry, cache, print)
    elsewhere = dict.fromkeys(
        ["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS", "SCREENALYTICS_MONGO__URI", "SCREENALYTICS_S3__ENDPOINT_URL"],
        "not-wanted",
    )

    def launch(**ports: Any) -> tuple[Sequence[str], dict[str, str]]:
        return triton_command(runtime=runtime, repository=repository, models=[DETECTOR, EMBEDDER], **ports)

    async with Stack(triton_command=launch, variables=elsewhere) as stack:
        assert stack.triton is not None
        async with on_triton(stack.triton.url, in_flight=in_flight) as served:
            yield served
