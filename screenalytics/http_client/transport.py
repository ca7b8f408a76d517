"""How the generated client speaks: one request, one typed answer or one error a person can act on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

T = TypeVar("T")

TIMEOUT_S = 60.0

Files = Sequence[tuple[str, tuple[str, bytes, str]]]
"""For multipart: (field, (file name, content, media type))."""


class ApiFailure(Exception):
    """The API refused. `code` is stable; `version` is the current one where a stale one was sent (412)."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details)

    @property
    def version(self) -> int | None:
        version = self.details.get("version")
        return version if isinstance(version, int) else None


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came back; `etag` goes into `if_match` of a command that is meant for exactly this."""

    data: T
    status: int
    etag: str | None


class Transport:
    """A connection to the API.

    Args:
        url: Where it is, as `http://127.0.0.1:8080`.
        key: An API key or an OIDC access token; None where authentication is off.
        http: A client of one's own, for tests and proxies.
    """

    def __init__(self, url: str, *, key: str | None = None, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=url, timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        answer: Any,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: BaseModel | None = None,
        files: Files | None = None,
    ) -> Answer[Any]:
        """Send one request; `answer` is the type of the answer's data.

        Raises:
            ApiFailure: when the API refuses, does not answer (status 0, code `api_unreachable`), or answers what it never
                does (status 0, code `api_not_understood`).
        """
        return _answered(self._send(method, path, query, headers, body, files), answer)

    def content(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """Send one request whose answer is a file; raises as `request`."""
        return self._send(method, path, query, headers, None, None).content

    def events(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Iterator[tuple[str, str, str]]:
        """Follow server-sent events as (id, event, data) until the stream ends; raises as `request`."""
        wanted, sent = _query(query), self._headers | _given(headers)
        try:
            with self._http.stream("GET", path, params=wanted, headers=sent, timeout=None) as response:
                if response.is_error:
                    response.read()
                    raise _failure(response)
                found = _Events()
                yield from (event for line in response.iter_lines() if (event := found.line(line)) is not None)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str | None] | None,
        body: BaseModel | None,
        files: Files | None,
    ) -> httpx.Response:
        try:
            response = self._http.request(method, path, **_sent(self._headers, query, headers, body, files))
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        return _checked(response)


class AsyncTransport:
    """As `Transport`, for programs with an event loop."""

    def __init__(self, url: str, *, key: str | None = None, http: httpx.AsyncClient | None = None) -> None:
        self._http = http or httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        answer: Any,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        body: BaseModel | None = None,
        files: Files | None = None,
    ) -> Answer[Any]:
        """Send one request; as `Transport.request`."""
        return _answered(await self._send(method, path, query, headers, body, files), answer)

    async def content(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> bytes:
        """Send one request whose answer is a file; raises as `request`."""
        return (await self._send(method, path, query, headers, None, None)).content

    async def events(
        self,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> AsyncIterator[tuple[str, str, str]]:
        """Follow server-sent events as (id, event, data) until the stream ends; raises as `request`."""
        wanted, sent = _query(query), self._headers | _given(headers)
        found = _Events()
        try:
            async with self._http.stream("GET", path, params=wanted, headers=sent, timeout=None) as response:
                if response.is_error:
                    await response.aread()
                    raise _failure(response)
                async for line in response.aiter_lines():
                    event = found.line(line)
                    if event is not None:
                        yield event
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str | None] | None,
        body: BaseModel | None,
        files: Files | None,
    ) -> httpx.Response:
        try:
            response = await self._http.request(method, path, **_sent(self._headers, query, headers, body, files))
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        return _checked(response)


def _sent(
    own: Mapping[str, str],
    query: Mapping[str, Any] | None,
    headers: Mapping[str, str | None] | None,
    body: BaseModel | None,
    files: Files | None,
) -> dict[str, Any]:
    """What httpx is to send."""
    sent = {**own, **_given(headers)}
    content = None
    if body is not None:
        content = body.model_dump_json(by_alias=True, exclude_unset=True).encode()
        sent["Content-Type"] = "application/json"
    return {"params": _query(query), "headers": sent, "content": content, "files": files}


def _checked(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise _failure(response)
    return response


def _answered(response: httpx.Response, answer: Any) -> Answer[Any]:
    try:
        data = TypeAdapter(answer).validate_python(_json(response).get("data"))
    except ValidationError as error:
        raise ApiFailure(
            0, "api_not_understood", f"{response.url} answers something else: is that the API's address?", {}
        ) from error
    return Answer(data=data, status=response.status_code, etag=response.headers.get("etag"))


class _Events:
    """Puts the lines of a stream together to events."""

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def line(self, line: str) -> tuple[str, str, str] | None:
        """The event that ends with this line, if one does."""
        fields = self._fields
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = fields[name] + "\n" + value.lstrip() if name in fields else value.lstrip()
        elif not line and "data" in fields:
            self._fields = {}
            return fields.get("id", ""), fields.get("event", "message"), fields["data"]
        return None


def _query(values: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _text(value) for name, value in (values or {}).items() if value is not None}


def _given(values: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: value for name, value in (values or {}).items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [_text(item) for item in value] if isinstance(value, list | tuple) else value


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _unreachable(error: httpx.HTTPError) -> ApiFailure:
    return ApiFailure(0, "api_unreachable", f"The API does not answer ({error}): is `screenalytics up` running?", {})


def _failure(response: httpx.Response) -> ApiFailure:
    error = _json(response).get("error") or {}
    return ApiFailure(
        response.status_code,
        str(error.get("code", "http_error")),
        str(error.get("message", f"The API answered with status {response.status_code}.")),
        error.get("details") or {},
    )
