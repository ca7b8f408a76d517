"""`screenalytics serve`: one service in this process, or the HTTP API of all."""

from __future__ import annotations

from typing import Literal

from contracts.events import Service
from screenalytics.service_registry import app_of


async def serve(name: Service | Literal["api"]) -> None:
    """Run until told to stop. Only what the service needs is loaded."""
    if name == "api":
        from screenalytics import api_server

        await api_server.main()
    else:
        await app_of(name).main()
