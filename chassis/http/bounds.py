"""What every request has to pass: its size, its rate; and what every answer carries: security headers."""

from __future__ import annotations

import hashlib

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.errors import answer
from chassis.http.results import ErrorBody
from chassis.settings import ApiSettings

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}
INTERNAL = "/internal/"


class _TooLarge(HTTPException):
    """More came than was announced. Of this class because FastAPI lets no other one out of its reading of bodies."""

    def __init__(self, sentence: str) -> None:
        super().__init__(413, sentence)


class Bounds:
    """ASGI middleware around everything but `/internal`: no request is read before it has passed."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._rate = RateLimitItemPerMinute(settings.requests_per_minute)
        self._failures = RateLimitItemPerMinute(settings.failed_logins_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or str(scope["path"]).startswith(INTERNAL):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        send = _with_headers(send)
        address = request.client.host if request.client else "unknown"
        if not await self._limiter.test(self._failures, "failed", address):
            await _put_off(request, "Too many requests with wrong credentials")(scope, receive, send)
            return
        if not await self._limiter.hit(self._rate, _credential(request) or address):
            sentence = f"More than {self._settings.requests_per_minute} requests in a minute"
            await _put_off(request, sentence)(scope, receive, send)
            return
        limit = self._limit(request.headers)
        too_large = ErrorBody(
            code="too_large",
            message=f"The body is larger than {limit} bytes; larger files go to S3 by the URLs of POST /uploads.",
        )
        announced = request.headers.get("content-length", "0")
        if not announced.isdigit() or int(announced) > limit:
            await answer(request, 413, too_large)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit, too_large.message), self._noting_failures(send, address))

    def _noting_failures(self, send: Send, address: str) -> Send:
        """Count refused credentials by address: whoever guesses sends another one every time."""

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 401:
                await self._limiter.hit(self._failures, "failed", address)
            await send(message)

        return noting

    def _limit(self, headers: Headers) -> int:
        """Files may be larger than JSON."""
        media_type = headers.get("content-type", "")
        is_file = not media_type.startswith("application/json")
        return self._settings.max_upload_bytes if is_file else self._settings.max_body_bytes


def _credential(request: Request) -> str | None:
    """The caller's credential as something to count by; None where there is none."""
    credential = request.headers.get("x-api-key") or request.headers.get("authorization")
    return hashlib.sha256(credential.encode()).hexdigest() if credential else None


def _put_off(request: Request, sentence: str) -> Response:
    body = ErrorBody(code="too_many_requests", message=f"{sentence}: wait a little.")
    return answer(request, 429, body, {"Retry-After": "10"})


def _counted(receive: Receive, limit: int, sentence: str) -> Receive:
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _TooLarge(sentence)
        return message

    return counting


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
