"""Wiring of the grouper service."""

from __future__ import annotations

from chassis.service import Resources, Wiring, run
from contracts.events import SegmentEmbedded
from services.grouper.handlers import GrouperHandlers
from services.grouper.settings import GrouperSettings
from services.grouper.store import GrouperStore


def wire(resources: Resources[GrouperSettings]) -> Wiring:
    handlers = GrouperHandlers(resources, GrouperStore(resources.database))
    resources.bus.on(SegmentEmbedded, handlers.segment_embedded)
    return Wiring()


async def main() -> None:
    await run("grouper", GrouperSettings(), wire)
