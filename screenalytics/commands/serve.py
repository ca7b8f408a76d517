"""`screenalytics serve`: one service in this process, or the HTTP API of all."""

from __future__ import annotations

import importlib


async def serve(service: str) -> None:
    """Run until told to stop. Only what the service needs is loaded."""
    module = importlib.import_module("screenalytics.front" if service == "api" else f"services.{service}.app")
    await module.main()
