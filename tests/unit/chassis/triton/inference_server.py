"""A small server that speaks Triton's gRPC and can fail in the ways the real one does, at the moment a test wants.

Its "detector" finds one face per frame at the frame's brightest pixel; its "embedder" gives the chip's mean colour.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.shared_memory import SharedMemory
from typing import Any

import grpc  # type: ignore[import-untyped]
import numpy as np
from tritonclient.grpc import model_config_pb2, service_pb2, service_pb2_grpc

DETECTOR, EMBEDDER = "face_detector", "sface"
FINDER, PERSONS = "face_finder", "person_detector"
SIDE, TOP_K = 16, 3
POINTS = "[[1,1],[9,1],[5,5],[2,9],[8,9]]"
MAX_BATCH = {DETECTOR: 2, EMBEDDER: 4, FINDER: 2, PERSONS: 2}


class FakeTriton(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Behaviour is set by attributes; what arrived is recorded in `requests` and `calls`."""

    def __init__(self) -> None:
        self.regions: dict[str, tuple[str, int]] = {}
        self.refuses_regions = False
        self.dead: set[str] = set()
        self.unloaded: set[str] = set()
        self.failure: tuple[grpc.StatusCode, str] | None = None
        self.delay_s = 0.0
        self.calls: list[str] = []
        self.requests: list[tuple[str, int, bool]] = []
        self.parameters = {
            DETECTOR: {"model_id": "detector-1"},
            FINDER: {"model_id": "finder-1"},
            PERSONS: {"model_id": "persons-1"},
            EMBEDDER: {
                "model_id": "embedder-1",
                "chip": f'{{"size": {SIDE}, "points": {POINTS}}}',
                "calibration": '{"slope": 20.0, "midpoint": 0.3, "data": "none"}',
            },
        }
        frames = ("frames", "UINT8", [-1, -1, -1, 3])
        found = [("boxes", "FP32", [-1, TOP_K, 4]), ("scores", "FP32", [-1, TOP_K])]
        animals = [(f"animal_{name}", kind, shape) for name, kind, shape in found]
        faces = [*found, ("landmarks", "FP32", [-1, TOP_K, 10])]
        self.tensors = {
            DETECTOR: ([frames], faces),
            FINDER: ([frames], faces),
            PERSONS: ([frames], [*found, *animals]),
            EMBEDDER: ([("chips", "UINT8", [-1, SIDE, SIDE, 3])], [("embedding", "FP32", [-1, 3])]),
        }

    async def ModelReady(self, request: Any, context: Any) -> Any:
        # A dead model still counts as ready: so does the real server's.
        return service_pb2.ModelReadyResponse(ready=request.name not in self.unloaded)

    async def ModelMetadata(self, request: Any, context: Any) -> Any:
        if request.name not in self.tensors:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Request for unknown model: '{request.name}' is not found")
        answer = service_pb2.ModelMetadataResponse(name=request.name)
        for field, tensors in zip((answer.inputs, answer.outputs), self.tensors[request.name], strict=True):
            for name, datatype, shape in tensors:
                field.add(name=name, datatype=datatype, shape=shape)
        return answer

    async def ModelConfig(self, request: Any, context: Any) -> Any:
        config = model_config_pb2.ModelConfig(name=request.name, max_batch_size=MAX_BATCH[request.name])
        for key, value in self.parameters[request.name].items():
            config.parameters[key].string_value = value
        return service_pb2.ModelConfigResponse(config=config)

    async def RepositoryModelUnload(self, request: Any, context: Any) -> Any:
        self.calls.append(f"unload {request.model_name}")
        self.dead.discard(request.model_name)
        return service_pb2.RepositoryModelUnloadResponse()

    async def RepositoryModelLoad(self, request: Any, context: Any) -> Any:
        self.calls.append(f"load {request.model_name}")
        return service_pb2.RepositoryModelLoadResponse()

    async def SystemSharedMemoryRegister(self, request: Any, context: Any) -> Any:
        if self.refuses_regions:
            message = f"Unable to open shared memory region: '{request.name}'"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        self.calls.append("register")
        self.regions[request.name] = (request.key, request.byte_size)
        return service_pb2.SystemSharedMemoryRegisterResponse()

    async def SystemSharedMemoryUnregister(self, request: Any, context: Any) -> Any:
        self.regions.pop(request.name, None)
        return service_pb2.SystemSharedMemoryUnregisterResponse()

    async def ModelInfer(self, request: Any, context: Any) -> Any:
        await asyncio.sleep(self.delay_s)
        if self.failure is not None:
            await context.abort(*self.failure)
        if request.model_name in self.dead:
            message = f"Stub process '{request.model_name}_0_0' is not healthy."
            await context.abort(grpc.StatusCode.INTERNAL, message)
        pixels = await self._pixels(request, context)
        shared = "shared_memory_region" in request.inputs[0].parameters
        self.requests.append((request.model_name, len(pixels), shared))
        outputs = {"embedding": pixels.mean((1, 2))} if request.model_name == EMBEDDER else _faces(pixels)
        answer = service_pb2.ModelInferResponse(model_name=request.model_name)
        for name in (output.name for output in request.outputs):
            values = outputs[name]
            answer.outputs.add(name=name, datatype="FP32", shape=values.shape)
            answer.raw_output_contents.append(values.astype(np.float32).tobytes())
        return answer

    async def _pixels(self, request: Any, context: Any) -> np.ndarray:
        tensor = request.inputs[0]
        shape = tuple(tensor.shape)
        if "shared_memory_region" not in tensor.parameters:
            return np.frombuffer(request.raw_input_contents[0], np.uint8).reshape(shape)
        name = tensor.parameters["shared_memory_region"].string_param
        if name not in self.regions:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Unable to find shared memory region: '{name}'")
        memory = SharedMemory(name=self.regions[name][0].lstrip("/"))
        pixels = np.ndarray(shape, np.uint8, buffer=memory.buf).copy()
        memory.close()
        return pixels


def _faces(frames: np.ndarray) -> dict[str, np.ndarray]:
    """One face 20x20 at the brightest pixel, a double shifted by one pixel, and a weak box elsewhere."""
    count = len(frames)
    brightness = frames.astype(np.float32).sum(axis=3).reshape(count, -1)
    rows, columns = np.divmod(brightness.argmax(axis=1), frames.shape[2])
    boxes = np.zeros((count, TOP_K, 4))
    for number, (left, top) in enumerate(zip(columns, rows, strict=True)):
        boxes[number, 0] = [left, top, left + 20, top + 20]
        boxes[number, 1] = boxes[number, 0] + 1
        boxes[number, 2] = [500, 500, 510, 510]
    scores = np.tile([0.9, 0.8, 0.1], (count, 1)) * (brightness.max(axis=1, keepdims=True) / 765.0)
    return {
        "boxes": boxes,
        "scores": scores,
        "landmarks": np.repeat(boxes[:, :, :2], 5, axis=2),
        "animal_boxes": boxes[:, ::-1],
        "animal_scores": scores[:, ::-1],
    }


@asynccontextmanager
async def serving(fake: FakeTriton, port: int = 0) -> AsyncIterator[int]:
    """Serves on the loopback; gives the port."""
    server = grpc.aio.server()
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(fake, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(grace=None)
