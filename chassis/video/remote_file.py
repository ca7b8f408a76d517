"""A file behind an HTTP address, read by ranges: what the network did to a read is never mistaken for what is in the file.

FFmpeg's own HTTP reader ends a read early when a connection breaks, and its demuxers then call the file damaged.
"""

from __future__ import annotations

import http.client
import time
from typing import Final, NoReturn
from urllib.parse import urlsplit

import av.error

from chassis.backoff import backoff
from chassis.errors import DependencyUnavailable

PATIENCE_S: Final = 20.0
"""How long a read in the middle of a file tries again before the server counts as away. The first one does not."""

SOCKET_TIMEOUT_S: Final = 20.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
SKIP_BYTES: Final = 256 * 1024
"""A seek forward by at most this much reads on instead of asking anew."""

_PARTIAL = 206
_OK = 200
_NO_SUCH_RANGE = 416
_REFUSED: dict[int, type[av.error.HTTPClientError]] = {
    400: av.error.HTTPBadRequestError,
    401: av.error.HTTPUnauthorizedError,
    403: av.error.HTTPForbiddenError,
    404: av.error.HTTPNotFoundError,
}


class _BrokenOff(OSError):
    """The answer ended early, or asked to come back later."""


class RemoteFile:
    """A seekable file object for PyAV. One thread at a time.

    Reading raises DependencyUnavailable when the server does not answer (in the middle of the file: for `patience_s`),
    and PyAV's HTTP errors when it refuses (403, 404 and the like). A seek asks the server nothing.
    """

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S) -> None:
        self._address = urlsplit(url)
        self._patience_s = patience_s
        self._connection: http.client.HTTPConnection | None = None
        self._answer: http.client.HTTPResponse | None = None
        self._answer_at = 0
        self._position = 0
        self._size: int | None = None

    @property
    def size(self) -> int:
        """Length in bytes; asks the server where that is not known yet."""
        if self._size is None:
            self._persistently(0)
        return self._size or 0

    def read(self, count: int) -> bytes:
        """Up to `count` bytes from the current position; empty at the end of the file only."""
        if self._size is not None and self._position >= self._size:
            return b""
        data = self._persistently(count)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position; `whence` as for files."""
        start = {0: 0, 1: self._position, 2: self.size if whence == 2 else 0}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._answer = None, None

    def _persistently(self, count: int) -> bytes:
        deadline = time.monotonic() + (self._patience_s if self._size is not None else 0.0)
        attempt = 0
        while True:
            attempt += 1
            pause_s = backoff(attempt, first_s=FIRST_PAUSE_S, max_s=LONGEST_PAUSE_S, jitter=0.0)
            try:
                return self._read_once(count)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if time.monotonic() + pause_s > deadline:
                    reason = f"the video could not be read ({str(error) or type(error).__name__})"
                    raise DependencyUnavailable("s3", reason) from error
            time.sleep(pause_s)

    def _read_once(self, count: int) -> bytes:
        ahead = self._position - self._answer_at
        if self._answer is None or not 0 <= ahead <= SKIP_BYTES:
            self.close()
            self._answer = self._ask()
        if self._answer is None:  # there is nothing at this position
            return b""
        while self._answer_at < self._position:
            self._next(min(self._position - self._answer_at, SKIP_BYTES))
        return self._next(count)

    def _next(self, count: int) -> bytes:
        """Bytes of the running answer. Raises _BrokenOff when it ends before the file does."""
        data = self._answer.read(count) if self._answer is not None and count else b""
        self._answer_at += len(data)
        if count and not data and self._answer_at < (self._size or 0):
            raise _BrokenOff("the answer ended early")
        return data

    def _ask(self) -> http.client.HTTPResponse | None:
        """Begin to read at the current position; None where the file has ended before it."""
        secure = self._address.scheme == "https"
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = connect(self._address.netloc, timeout=SOCKET_TIMEOUT_S)
        target = f"{self._address.path}?{self._address.query}" if self._address.query else self._address.path
        self._connection.request("GET", target, headers={"Range": f"bytes={self._position}-"})
        answer = self._connection.getresponse()
        if answer.status == _NO_SUCH_RANGE:
            self._size = self._size or 0
            return None
        if answer.status not in {_OK, _PARTIAL}:
            _refuse(answer)
        self._answer_at = self._position if answer.status == _PARTIAL else 0  # not every server knows ranges
        self._size = self._answer_at + int(answer.headers["Content-Length"] or 0)
        return answer


def _refuse(answer: http.client.HTTPResponse) -> NoReturn:
    if answer.status >= 500 or answer.status in {408, 429}:
        raise _BrokenOff(f"HTTP {answer.status}")
    refused = _REFUSED.get(answer.status, av.error.HTTPOtherClientError)
    raise refused(answer.status, f"HTTP {answer.status} {answer.reason}")
