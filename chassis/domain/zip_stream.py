"""A ZIP file that is sent while it is made: only what was not sent yet is in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


class _Sent(io.RawIOBase):
    """Where the archive is written to, and what of it was not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._waiting += content
        return len(content)

    def take(self) -> bytes:
        taken, self._waiting = bytes(self._waiting), bytearray()
        return taken


async def zip_stream(files: AsyncIterator[tuple[str, bytes]]) -> AsyncIterator[bytes]:
    """The bytes of an archive of files (name, content), in pieces."""
    sink = _Sent()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        async for name, content in files:
            entry = zipfile.ZipInfo(name, date_time=_TIMESTAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
            if piece := sink.take():
                yield piece
    yield sink.take()
