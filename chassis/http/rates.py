"""How often somebody may call: callers by who they are, everybody else by address.

The invariant: **a valid credential is never put off for what others sent**; so failures are counted, and those who fail
are put off, after the credential was looked at.
"""

from __future__ import annotations

import ipaddress

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from chassis.http.errors import ApiError
from chassis.settings import ApiSettings

_IPV6_SITE_BITS = 64
"""One customer has at least so many bits of IPv6 addresses to choose from."""


class Rates:
    """Counts, in this process, what came in the last minute."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute)
        self._pictures = RateLimitItemPerMinute(settings.pictures_per_minute)
        self._failures = RateLimitItemPerMinute(settings.failed_logins_per_minute)

    async def request(self, who: str) -> None:
        """Count a request.

        Raises:
            ApiError: 429 `too_many_requests`.
        """
        if not await self._limiter.hit(self._requests, "request", who):
            raise _put_off(f"More than {self._settings.requests_per_minute} requests in a minute")

    async def picture(self, who: str) -> None:
        """Count a picture, apart from requests; raises as `request`."""
        if not await self._limiter.hit(self._pictures, "picture", who):
            raise _put_off(f"More than {self._settings.pictures_per_minute} pictures in a minute")

    async def failure(self, address: str) -> None:
        """Count a wrong credential; raises as `request`."""
        if not await self._limiter.hit(self._failures, "failure", address):
            raise _put_off("Too many requests with wrong credentials")


def source_of(client: tuple[str, int] | None) -> str:
    """Where a request comes from, as something to count by: an IPv4 address, or a network of IPv6 addresses."""
    if client is None:
        return "unknown"
    try:
        address = ipaddress.ip_address(client[0].split("%")[0])
    except ValueError:
        return client[0][:100]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False))


def _put_off(sentence: str) -> ApiError:
    return ApiError(429, "too_many_requests", f"{sentence}: wait a little.", headers={"Retry-After": "10"})
