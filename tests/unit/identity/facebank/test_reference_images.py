from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.identity.facebank.reference_images import (
    PictureUnusable,
    Pixels,
    chip_sharpness,
    decode_picture,
    picture_size,
)
from services.identity.rules import IdentityThresholds

RULES = IdentityThresholds()

SHARED = Path(__file__).resolve().parents[5] / "shared" / "media" / "facebank"


def photograph(height: int = 40, width: int = 60) -> Pixels:
    """A picture [H, W, 3] whose upper left quarter is red (RGB)."""
    picture = np.full((height, width, 3), 40, dtype=np.uint8)
    picture[: height // 2, : width // 2] = (250, 10, 10)
    return picture


def encoded(picture: Pixels, extension: str) -> bytes:
    worked, data = cv2.imencode(extension, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert worked
    return bytes(data.tobytes())


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Puts an EXIF block with that orientation (TIFF tag 0x0112) behind a JPEG's start."""
    tiff = b"II*\x00" + struct.pack("<IH", 8, 1) + struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0) + b"\x00" * 4
    block = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def png_of_size(width: int, height: int) -> bytes:
    """A tiny PNG file that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\x00" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
def test_a_picture_is_decoded_to_rgb(extension: str) -> None:
    decoded = decode_picture(encoded(photograph(), extension), max_pixels=RULES.picture.max_pixels)
    assert decoded.shape == (40, 60, 3)
    assert decoded[5, 5, 0] > 200 > 100 > decoded[5, 5, 2]
    assert picture_size(encoded(photograph(), extension)) == (60, 40)


def test_a_picture_is_turned_upright_as_its_exif_says() -> None:
    turned = decode_picture(with_orientation(encoded(photograph(), ".jpg"), 6), max_pixels=RULES.picture.max_pixels)
    assert turned.shape == (60, 40, 3)
    assert turned[5, 35, 0] > 200, "a quarter turn to the right brings the red corner to the upper right"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00\x00\x00\x00",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"GIF89a\x01\x00\x01\x00",
        png_of_size(0, 10),
    ],
)
def test_what_is_no_picture_has_a_code_and_a_sentence(data: bytes) -> None:
    with pytest.raises(PictureUnusable) as caught:
        decode_picture(data, max_pixels=RULES.picture.max_pixels)
    assert caught.value.code == "unreadable_picture"
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("extension", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.9])
def test_a_truncated_picture_is_refused_rather_than_filled_with_grey(extension: str, part: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, extension)
    with pytest.raises(PictureUnusable) as caught:
        decode_picture(data[: int(len(data) * part)], max_pixels=RULES.picture.max_pixels)
    assert caught.value.code == "unreadable_picture"


def test_a_picture_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(cv2, "imdecode", refuse)
    with pytest.raises(PictureUnusable) as caught:
        decode_picture(png_of_size(60_000, 60_000), max_pixels=RULES.picture.max_pixels)
    assert caught.value.code == "picture_too_large"


def test_the_limit_counts_pixels() -> None:
    data = encoded(photograph(10, 10), ".png")
    assert decode_picture(data, max_pixels=100).shape == (10, 10, 3)
    with pytest.raises(PictureUnusable):
        decode_picture(data, max_pixels=99)


def drawn_face(side: int) -> Pixels:
    """Dark eyes and mouth with hard edges on a light ground: uint8 [side, side, 3]."""
    picture = np.full((side, side, 3), 190, dtype=np.uint8)
    for x, y, width, height in (
        (0.2, 0.25, 0.2, 0.1),
        (0.6, 0.25, 0.2, 0.1),
        (0.45, 0.4, 0.1, 0.2),
        (0.3, 0.7, 0.4, 0.1),
    ):
        picture[int(y * side) : int((y + height) * side), int(x * side) : int((x + width) * side)] = 60
    return picture


def test_blur_lowers_sharpness() -> None:
    chip = drawn_face(150)
    values = [
        chip_sharpness(np.asarray(cv2.GaussianBlur(chip, (0, 0), blur), dtype=np.uint8), face_px=150)
        for blur in (1, 3, 6)
    ]
    assert values == sorted(values, reverse=True)
    assert values[0] > 2 * values[2]


def test_a_small_sharp_face_is_not_taken_for_a_blurred_one() -> None:
    small = np.asarray(cv2.resize(drawn_face(40), (150, 150), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    assert chip_sharpness(small, face_px=40) > 1.3 * chip_sharpness(small, face_px=150)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the labelled sample pictures are not beside the checkout")
def test_every_sample_picture_opens() -> None:
    pictures = sorted(SHARED.glob("*/*.jpg"))
    assert len(pictures) == 14
    assert all(
        min(decode_picture(picture.read_bytes(), max_pixels=RULES.picture.max_pixels).shape[:2]) >= 100
        for picture in pictures
    )
