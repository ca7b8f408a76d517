"""`/internal/alive`, `/internal/ready` and `/internal/metrics`, the same on every service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis import metrics

Check = Callable[[], Awaitable[bool]]

CHECK_TIMEOUT_S = 4.0


class Health:
    """Readiness: every dependency answers, none failed the last handler, and the service is not shutting down."""

    def __init__(self, checks: Mapping[str, Check], *, away: Mapping[str, str]) -> None:
        self._checks = dict(checks)
        self._away = away
        self.stopping = False

    async def report(self) -> dict[str, str]:
        """Dependency -> `ok` or what is wrong with it."""
        names = list(self._checks)
        answers = await asyncio.gather(*(self._ask(self._checks[name]) for name in names))
        states = dict(zip(names, answers, strict=True))
        states |= self._away
        for name, state in states.items():
            metrics.dependency_up.labels(name).set(1.0 if state == "ok" else 0.0)
        if self.stopping:
            states["service"] = "shutting down"
        return states

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
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return router
