"""From exceptions to answers: one table, no internals to callers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pymongo.errors import ConnectionFailure, ExecutionTimeout, NetworkTimeout, PyMongoError, WTimeoutError
from starlette.exceptions import HTTPException

from chassis import telemetry
from chassis.errors import BadInput, Conflict, DependencyUnavailable, Malformed, NotFound, StaleVersion
from chassis.http.results import ApiResult, ErrorBody, Problem

PROBLEM = "application/problem+json"
MOST_DETAILS = 20

_STATUS_OF: tuple[tuple[type[BadInput], int], ...] = (
    (Malformed, 400),
    (NotFound, 404),
    (StaleVersion, 412),
    (Conflict, 409),
)
_CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
}
_CALLED = {"oidc": "The issuer of access tokens"}
ERROR_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ApiResult[None], "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 428, 429, 503)
}
"""What any operation may answer instead of its result; for `APIRouter(responses=…)`."""


class ApiError(Exception):
    """An answer that only HTTP knows: not authenticated, too large, precondition required …"""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = ErrorBody(code=code, message=message, details=details or {})
        self.headers = headers or {}


def answer(request: Request, status: int, body: ErrorBody, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error in the form that the caller accepts: ApiResult, or RFC 9457 where asked for."""
    if PROBLEM in request.headers.get("accept", ""):
        problem = Problem(
            type=f"urn:screenalytics:error:{body.code}",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=body.message,
            code=body.code,
            details=body.details,
        )
        return JSONResponse(problem.model_dump(mode="json"), status, headers, media_type=PROBLEM)
    result: ApiResult[None] = ApiResult(success=False, error=body)
    return JSONResponse(result.model_dump(mode="json"), status, headers)


def install(app: FastAPI) -> None:
    """Let the application answer every exception in one way."""
    for kind, handler in _HANDLERS.items():
        app.exception_handler(kind)(handler)


async def respond(request: Request, error: Exception) -> JSONResponse:
    """The answer to an exception, for what runs outside of the application's own handlers."""
    return await next(_HANDLERS[kind] for kind in type(error).__mro__ if kind in _HANDLERS)(request, error)


async def _api_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)  # noqa: S101 - registered for this class
    return answer(request, error.status, error.body, error.headers)


async def _bad_input(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BadInput)  # noqa: S101 - registered for this class
    status = next((status for kind, status in _STATUS_OF if isinstance(error, kind)), 422)
    details, headers = {}, {}
    if isinstance(error, StaleVersion):
        details, headers = {"version": error.actual}, {"ETag": f'"{error.actual}"'}
    return answer(request, status, ErrorBody(code=error.code, message=error.message, details=details), headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    problems = [
        {
            "where": ".".join(str(part) for part in problem["loc"]),
            "problem": str(problem["msg"]).removeprefix("Value error, "),
        }
        for problem in error.errors()[:MOST_DETAILS]
    ]
    first = problems[0] if problems else {"where": "the request", "problem": "cannot be read"}
    body = ErrorBody(
        code="invalid_request", message=f"{first['where']}: {first['problem']}", details={"problems": problems}
    )
    return answer(request, 422, body)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code = _CODES.get(error.status_code, "http_error")
    message = {404: "There is nothing at this address.", 405: "This address does not take that method."}.get(
        error.status_code, str(error.detail)
    )
    headers = dict(error.headers or {})
    return answer(request, error.status_code, ErrorBody(code=code, message=message), headers)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    name = error.dependency if isinstance(error, DependencyUnavailable) else "mongo"
    called = _CALLED.get(name, name)
    telemetry.logger().warning("dependency away", dependency=name, error=str(error)[:300])
    body = ErrorBody(
        code="dependency_unavailable",
        message=f"{called} does not answer at the moment; nothing was changed, try again shortly.",
        details={"dependency": name},
    )
    return answer(request, 503, body, {"Retry-After": "5"})


async def _defect(request: Request, error: Exception) -> JSONResponse:
    """A defect, or MongoDB refusing a write: the log has the reason, the caller a sentence."""
    kind = "store" if isinstance(error, PyMongoError) else "defect"
    telemetry.logger().error("request failed", kind=kind, path=request.url.path, exc_info=error)
    body = ErrorBody(code="internal_error", message="Something went wrong here; the log of the service says what.")
    return answer(request, 500, body)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[JSONResponse]]] = {
    ApiError: _api_error,
    BadInput: _bad_input,
    RequestValidationError: _invalid,
    HTTPException: _http,
    DependencyUnavailable: _unavailable,
    ConnectionFailure: _unavailable,
    NetworkTimeout: _unavailable,
    ExecutionTimeout: _unavailable,
    WTimeoutError: _unavailable,
    Exception: _defect,
}
