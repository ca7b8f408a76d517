"""Where the API is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from chassis.errors import BadInput
from screenalytics.http_client.async_client import AsyncClient
from screenalytics.http_client.client import Client

URL_VARIABLE = "SCREENALYTICS_API_URL"
KEY_VARIABLE = "SCREENALYTICS_API_KEY"


def connect() -> Client:
    """A client of the API that the environment names. Raises as `address`."""
    return Client(address(), key=os.environ.get(KEY_VARIABLE))


def connect_async() -> AsyncClient:
    """As `connect`, for commands with an event loop."""
    return AsyncClient(address(), key=os.environ.get(KEY_VARIABLE))


def address() -> str:
    """Where the API is.

    Raises:
        BadInput: `api_unknown` where the environment names none, `api_address` where that is no address.
    """
    url = os.environ.get(URL_VARIABLE, "").strip()
    if not url:
        raise BadInput(
            "api_unknown",
            f"Set {URL_VARIABLE} to the address of the HTTP API: `screenalytics up` prints it for this machine.",
        )
    if not _is_address(url):
        raise BadInput("api_address", f"{URL_VARIABLE} is {url!r}: an address looks like http://127.0.0.1:8080.")
    return url


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host)


def every(read: Callable[[str | None], Any]) -> Iterator[Any]:
    """All items of a list, page by page; `read` takes a cursor and returns the page there."""
    cursor: str | None = None
    while True:
        page = read(cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
