"""`/internal/alive`, `/internal/ready` and `/internal/metrics`, the same on every service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis import metrics

Check = Callable[[], Awaitable[bool]]

CHECK_TIMEOUT_S = 4.0
METRICS_EVERY_S = 1.0


class Health:
    """Readiness: every dependency answers, none failed the last handler, and the service is not shutting down."""

    def __init__(self, checks: Mapping[str, Check], *, away: Mapping[str, str]) -> None:
        self._checks = dict(checks)
        self._away = away
        self._asking: asyncio.Task[dict[str, str]] | None = None
        self._metrics = (float("-inf"), b"")
        self.stopping = False

    async def report(self) -> dict[str, str]:
        """Dependency -> `ok` or what is wrong with it. All who ask at the same time share one answer."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        states = {**await asyncio.shield(self._asking), **self._away}
        for name, state in states.items():
            metrics.dependency_up.labels(name).set(1.0 if state == "ok" else 0.0)
        if self.stopping:
            states["service"] = "shutting down"
        return states

    def metrics_text(self) -> bytes:
        """What Prometheus reads, made once a second at most: anybody who reaches the port may ask."""
        made_at, text = self._metrics
        if time.monotonic() - made_at > METRICS_EVERY_S:
            made_at, text = self._metrics = (time.monotonic(), generate_latest())
        return text

    async def _ask_all(self) -> dict[str, str]:
        names = list(self._checks)
        answers = await asyncio.gather(*(self._ask(self._checks[name]) for name in names))
        return dict(zip(names, answers, strict=True))

    @staticmethod
    async def _ask(check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_S):
                return "ok" if await check() else "does not answer"
        except Exception as error:  # a check that fails in any way is an answer: not ready
            return f"{type(error).__name__}"

    def router(self) -> APIRouter:
        router = APIRouter(prefix="/internal", include_in_schema=False)

        @router.get("/alive")
        async def alive() -> Response:
            return Response(status_code=204)

        @router.get("/ready")
        async def ready() -> JSONResponse:
            states = await self.report()
            is_ready = all(state == "ok" for state in states.values())
            return JSONResponse({"ready": is_ready, "dependencies": states}, status_code=200 if is_ready else 503)

        @router.get("/metrics")
        async def expose() -> Response:
            return Response(self.metrics_text(), media_type=CONTENT_TYPE_LATEST)

        return router
