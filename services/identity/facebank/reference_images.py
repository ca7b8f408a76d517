"""Opening reference pictures that people send, without trusting them.

The size is read from the file's header before anything is decoded, so that a small file cannot unfold into gigabytes.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np
import numpy.typing as npt

from chassis.errors import BadInput

Pixels = npt.NDArray[np.uint8]

_JPEG_START = b"\xff\xd8"
_JPEG_END = b"\xff\xd9"
_PNG_START = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE_MARKERS = frozenset(range(0xD0, 0xD9)) | {0x01}
_JPEG_SCAN = 0xDA


class PictureUnusable(BadInput):
    """A picture cannot be opened. Codes: `unreadable_picture`, `picture_too_large`."""


def decode_picture(data: bytes, *, max_pixels: int) -> Pixels:
    """Decodes a JPEG, PNG or WebP file: uint8 [height, width, 3], RGB, turned upright as its EXIF orientation says.

    Raises PictureUnusable: `picture_too_large` when it has more than `max_pixels`, found before decoding;
    `unreadable_picture` for anything that is not a complete picture of these formats.
    """
    try:
        size = picture_size(data)
    except (struct.error, IndexError):
        size = None
    if size is None or min(size) < 1 or not _is_complete(data):
        raise _unreadable()
    width, height = size
    if width * height > max_pixels:
        raise PictureUnusable(
            "picture_too_large",
            f"The picture has {width}x{height} pixels: use one of at most {max_pixels // 1_000_000} million pixels.",
        )
    try:
        decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise _unreadable() from error
    if decoded is None:
        raise _unreadable()
    return np.ascontiguousarray(decoded, dtype=np.uint8)


def _unreadable() -> PictureUnusable:
    return PictureUnusable(
        "unreadable_picture", "The file is not a readable picture: use a complete JPEG, PNG or WebP."
    )


def picture_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as the header of a JPEG, PNG or WebP file says, before orientation; None for anything else.

    May raise struct.error or IndexError for a header that ends too soon.
    """
    if data.startswith(_JPEG_START):
        return _jpeg_layout(data)[0]
    if data.startswith(_PNG_START) and data[12:16] == b"IHDR":
        width, height = struct.unpack_from(">II", data, 16)
        return int(width), int(height)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_size(data)
    return None


def _jpeg_layout(data: bytes) -> tuple[tuple[int, int] | None, int]:
    """Size of a JPEG and where its first scan starts (ITU-T T.81, annex B): walks over the segments."""
    position, size = 2, None
    while True:
        while data[position] != 0xFF:
            position += 1
        while data[position] == 0xFF:
            position += 1
        marker = data[position]
        position += 1
        if marker in _JPEG_BARE_MARKERS:
            continue
        if marker == _JPEG_SCAN:
            return size, position
        (length,) = struct.unpack_from(">H", data, position)
        if marker in _JPEG_SIZE_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 3)
            size = (int(width), int(height))
        position += length


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Size of a WebP, of its canvas if it has one (RFC 9649, section 2)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + ((bits >> 14) & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _is_complete(data: bytes) -> bool:
    """Whether the file goes on to its end; decoders fill what is missing with grey without a word."""
    if data.startswith(_JPEG_START):
        return data.find(_JPEG_END, _jpeg_layout(data)[1]) >= 0
    if data.startswith(_PNG_START):
        return b"IEND" in data
    return len(data) >= 8 + int(struct.unpack_from("<I", data, 4)[0])


def chip_sharpness(chip: Pixels, *, face_px: float) -> float:
    """Sharpness (0..1) of an aligned chip [S, S, 3] cut from a face `face_px` pixels high in its picture.

    The share of the fine detail that a blur takes away (after Crete et al., 2007): a picture that is blurred already
    loses little. Measured at the picture's own resolution, so that a small sharp face is not taken for a blurred one.
    """
    side = chip.shape[0]
    native = int(np.clip(round(face_px), 16, side))
    grey = cv2.cvtColor(chip, cv2.COLOR_RGB2GRAY)
    if native < side:
        grey = cv2.resize(grey, (native, native), interpolation=cv2.INTER_AREA)
    picture = grey.astype(np.float64)
    losses = []
    for axis, kernel in ((0, (1, 9)), (1, (9, 1))):
        blurred = cv2.blur(picture, kernel)
        detail = np.abs(np.diff(picture, axis=axis))
        left = np.abs(np.diff(blurred, axis=axis))
        losses.append(float(np.clip(detail - left, 0.0, None).sum()) / max(float(detail.sum()), 1e-9))
    return float(np.clip(min(losses), 0.0, 1.0))
