"""Wiring of the detector service."""

from __future__ import annotations

import cv2

from chassis.freed_memory import keep_freed_memory
from chassis.service import Resources, Wiring, run
from chassis.video import limited
from contracts.events import SegmentReady
from services.detector.handlers import DetectorHandlers
from services.detector.settings import DetectorSettings


def wire(resources: Resources[DetectorSettings]) -> Wiring:
    cv2.setNumThreads(1)  # frames side by side keep the cores busy; helpers that wait for rows of one only spin
    keep_freed_memory()
    limited.prepare("services.detector.reading.segment_frames", at_once=True)
    handlers = DetectorHandlers(resources)
    resources.bus.on(SegmentReady, handlers.segment_ready)
    return Wiring(background=(handlers.ahead.until_stopped,))


async def main() -> None:
    await run("detector", DetectorSettings(), wire, inference=True)
