"""Thumbnails of the report: each stands in the page once, however often it is shown."""

from __future__ import annotations

import base64
from collections.abc import Mapping

JPEG_MAGIC = b"\xff\xd8\xff"
MAX_PICTURE_BYTES = 128 * 1024
MAX_TOTAL_BYTES = 12 * 1024 * 1024


class Gallery:
    """Gives the pictures that are really shown a number, in the order they are asked for.

    A picture that is missing, no JPEG, larger than `MAX_PICTURE_BYTES` or beyond `MAX_TOTAL_BYTES` of pictures in all
    is left out; the report then shows initials.
    """

    def __init__(self, thumbnails: Mapping[str, bytes]) -> None:
        self._thumbnails = thumbnails
        self._numbers: dict[str, int] = {}
        self._bytes = 0

    def number_of(self, key: str | None) -> int | None:
        """Number of the picture with this representative key, None where initials must do."""
        if key is None:
            return None
        if key in self._numbers:
            return self._numbers[key]
        picture = self._thumbnails.get(key, b"")
        if not picture.startswith(JPEG_MAGIC) or len(picture) > MAX_PICTURE_BYTES:
            return None
        if self._bytes + len(picture) > MAX_TOTAL_BYTES:
            return None
        self._bytes += len(picture)
        self._numbers[key] = len(self._numbers)
        return self._numbers[key]

    def data_uris(self) -> list[str]:
        """`data:` URIs of the pictures in the order of their numbers."""
        return [
            "data:image/jpeg;base64," + base64.b64encode(self._thumbnails[key]).decode("ascii") for key in self._numbers
        ]
