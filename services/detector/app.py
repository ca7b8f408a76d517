"""Wiring of the detector service."""

from __future__ import annotations

from chassis.service import Resources, Wiring, run
from chassis.video import limited
from contracts.events import SegmentReady
from services.detector.handlers import DetectorHandlers
from services.detector.settings import DetectorSettings


def wire(resources: Resources[DetectorSettings]) -> Wiring:
    limited.prepare("services.detector.reading.segment_frames")
    resources.bus.on(SegmentReady, DetectorHandlers(resources).segment_ready)
    return Wiring()


async def main() -> None:
    await run("detector", DetectorSettings(), wire, inference=True)
