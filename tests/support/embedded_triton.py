"""The inference server with the models that are in the cache, for stacks of tests."""

from __future__ import annotations

from functools import partial

from screenalytics.local.machine import served_models
from screenalytics.local.servers import TritonCommand
from screenalytics.weights import default_cache_dir, load_registry, pull, stage_runtime, triton_command


def embedded_triton() -> TritonCommand:
    """What a `Stack` starts it with."""
    registry, cache = load_registry(), default_cache_dir()
    return partial(
        triton_command,
        runtime=stage_runtime(registry.server, cache, lambda _: None),
        repository=pull(registry, cache, lambda _: None, models=served_models()),
        models=served_models(),
    )
