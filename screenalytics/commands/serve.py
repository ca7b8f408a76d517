"""`screenalytics serve`: one service in this process."""

from __future__ import annotations

import importlib


async def serve(service: str) -> None:
    """Run a service until it is told to stop. Only the service's own modules are loaded."""
    module = importlib.import_module(f"services.{service}.app")
    await module.main()
