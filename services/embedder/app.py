"""Wiring of the embedder service."""

from __future__ import annotations

from chassis.service import Resources, Wiring, run
from contracts.events import SegmentTracked
from services.embedder.handlers import EmbedderHandlers
from services.embedder.settings import EmbedderSettings


def wire(resources: Resources[EmbedderSettings]) -> Wiring:
    resources.bus.on(SegmentTracked, EmbedderHandlers(resources).segment_tracked)
    return Wiring()


async def main() -> None:
    await run("embedder", EmbedderSettings(), wire, inference=True)
