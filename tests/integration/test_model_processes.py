"""The processes of the models, really started by the inference server."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from screenalytics.local.servers import check_installed
from screenalytics.local.servers.cleanup import matching
from screenalytics.local.servers.triton import Triton
from screenalytics.weights import default_cache_dir, load_registry, pull, stage_runtime, triton_command

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
]

MODEL = "face_finder"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Triton]:
    """An inference server with one model, which answers."""
    registry, cache = load_registry(), default_cache_dir()
    launch = partial(
        triton_command,
        runtime=stage_runtime(registry.server, cache, lambda _: None),
        repository=pull(registry, cache, lambda _: None, models=[MODEL]),
        models=[MODEL],
    )
    triton = Triton(directory=tmp_path / "triton", log_path=tmp_path / "log", launch=launch)
    try:
        await triton.run()
        yield triton
    finally:
        await triton.stop()


async def test_models_end_with_a_server_that_is_killed(server: Triton) -> None:
    assert server.pid is not None
    models = psutil.Process(server.pid).children(recursive=True)
    assert any("stub" in model.name() for model in models)
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.to_thread(psutil.wait_procs, models, 10)
    assert [model for model in models if model.is_running() and model.status() != psutil.STATUS_ZOMBIE] == []
    assert [file for pattern in server.leftovers() for file in matching(pattern)] == []
