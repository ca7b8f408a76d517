"""`screenalytics serve`: one service in this process, the HTTP API of all, or the console's files."""

from __future__ import annotations

from typing import Literal

from contracts.events import Service
from screenalytics.service_registry import app_of


async def serve(name: Service | Literal["api", "console"]) -> None:
    """Run until told to stop. Only what the service needs is loaded."""
    if name == "api":
        from screenalytics import api_server

        await api_server.main()
    elif name == "console":
        from screenalytics import console_server

        await console_server.main()
    else:
        await app_of(name).main()
