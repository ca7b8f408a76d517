"""Whatever people send is opened, or refused with a reason, before it can cost anything."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chassis.domain.pictures import (
    MOST_REDUCED,
    PictureUnusable,
    Pixels,
    decode_picture,
    encode_plain,
    is_picture,
    is_plain,
)
from tests.support.samples import MEDIA

MOST, ENOUGH = 25_000_000, 2560
RED, GREY = (250, 10, 10), (40, 40, 40)
SECRET = b"where it was taken"


def photograph(height: int = 40, width: int = 60) -> Pixels:
    """A picture [H, W, 3] whose upper left quarter is red (RGB)."""
    picture = np.full((height, width, 3), 40, dtype=np.uint8)
    picture[: height // 2, : width // 2] = RED
    return picture


def saved(picture: Pixels | Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(file, kind, **options)  # type: ignore[arg-type]
    return file.getvalue()


def opened(data: bytes, *, max_pixels: int = MOST, enough_px: int = ENOUGH) -> Pixels:
    return decode_picture(data, max_pixels=max_pixels, enough_px=enough_px)


def refused(data: bytes, *, max_pixels: int = MOST) -> str:
    with pytest.raises(PictureUnusable) as caught:
        opened(data, max_pixels=max_pixels)
    assert caught.value.message.endswith(".") and "\n" not in caught.value.message
    return caught.value.code


def is_red(pixel: Pixels) -> bool:
    return bool(pixel[0] > 180 > 90 > pixel[1] and pixel[2] < 90)


def with_facts(orientation: int = 1) -> Image.Exif:
    """EXIF with an orientation, a camera and a place."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    return exif


def png_of_size(width: int, height: int) -> bytes:
    """A tiny PNG file that claims to be huge."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    )


KINDS = ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF", "BMP", "JPEG2000", "PPM"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_decoded_to_rgb(kind: str) -> None:
    decoded = opened(saved(photograph(), kind))
    assert decoded.shape == (40, 60, 3) and decoded.dtype == np.uint8
    assert is_red(decoded[5, 5]) and not is_red(decoded[35, 55])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr", "LAB"])
def test_every_colour_mode_is_decoded_to_rgb(mode: str) -> None:
    kind = "TIFF" if mode in {"CMYK", "YCbCr", "LAB"} else "PNG"
    decoded = opened(saved(Image.fromarray(photograph()).convert(mode), kind))
    bright, dark = decoded[5, 5].astype(int), decoded[35, 55].astype(int)
    assert decoded.shape == (40, 60, 3)
    assert bright.sum() > dark.sum() or mode == "1"


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind: str) -> None:
    grey = photograph()[..., 0].astype(np.uint16) * 257
    assert opened(saved(Image.fromarray(grey), kind))[5, 5].tolist() == [250, 250, 250]
    colours = cv2.cvtColor(photograph(), cv2.COLOR_RGB2BGR).astype(np.uint16) * 257
    worked, data = cv2.imencode(f".{kind.lower()}", colours)
    assert worked and is_red(opened(data.tobytes())[5, 5])


def test_what_is_transparent_becomes_white() -> None:
    cut_out = Image.fromarray(photograph()).convert("RGBA")
    cut_out.paste((0, 0, 0, 0), (30, 0, 60, 40))
    decoded = opened(saved(cut_out, "PNG"))
    assert is_red(decoded[5, 5]) and decoded[5, 55].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.fromarray(np.full((40, 60, 3), colour, dtype=np.uint8)) for colour in (RED, GREY)]
    decoded = opened(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert is_red(decoded[20, 30])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize(
    ("orientation", "corner"), [(2, (5, 55)), (3, (35, 55)), (4, (35, 5)), (6, (5, 35)), (8, (55, 5))]
)
def test_a_picture_is_turned_upright_as_its_exif_says(kind: str, orientation: int, corner: tuple[int, int]) -> None:
    decoded = opened(saved(photograph(), kind, exif=with_facts(orientation)))
    assert decoded.shape == ((60, 40, 3) if orientation > 4 else (40, 60, 3))
    assert is_red(decoded[corner])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\xff\xd8",
        b"\xff\xd8\xff\xe0\x00\x00\x00\x00",
        b"\x89PNG\r\n\x1a\n",
        b"RIFF\x00\x00\x00\x00WEBP",
        b"GIF89a" + bytes(100),
        b"\x00\x00\x00\x18ftypheic" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"%PDF-1.4\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        png_of_size(0, 10),
    ],
)
def test_what_is_no_picture_has_a_code_and_a_sentence(data: bytes) -> None:
    assert refused(data) == "unreadable_picture"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"BMP", "PPM"}])
@pytest.mark.parametrize("part", [0.2, 0.6, 0.9])
def test_a_truncated_picture_is_refused_rather_than_filled_with_grey(kind: str, part: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = saved(noise, kind)
    assert refused(data[: int(len(data) * part)]) == "unreadable_picture"


def test_a_picture_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", refuse)
    assert refused(png_of_size(60_000, 60_000)) == "picture_too_large"
    assert refused(png_of_size(2**31 - 1, 2**31 - 1)) == "picture_too_large"


def test_the_limit_counts_pixels() -> None:
    data = saved(photograph(10, 10), "PNG")
    assert opened(data, max_pixels=100).shape == (10, 10, 3)
    assert refused(data, max_pixels=99) == "picture_too_large"


def test_a_large_jpeg_is_made_smaller_while_it_is_decoded() -> None:
    large = saved(photograph(400, 600), "JPEG")
    decoded = opened(large, max_pixels=61_000, enough_px=300)
    assert decoded.shape == (200, 300, 3)
    assert is_red(decoded[20, 20])
    assert refused(large, max_pixels=400 * 600 // MOST_REDUCED - 1) == "picture_too_large"


def test_a_large_picture_of_another_kind_is_made_smaller_afterwards() -> None:
    assert opened(saved(photograph(400, 600), "PNG"), enough_px=150).shape == (100, 150, 3)
    assert refused(saved(photograph(400, 600), "PNG"), max_pixels=200_000) == "picture_too_large"


def test_of_a_progressive_jpeg_all_pixels_count_because_the_decoder_holds_them() -> None:
    data = saved(photograph(400, 600), "JPEG", progressive=True)
    with pytest.raises(PictureUnusable) as caught:
        opened(data, max_pixels=100_000, enough_px=300)
    assert caught.value.code == "picture_too_large"


def test_a_jpeg_with_thousands_of_scans_is_refused() -> None:
    data = saved(photograph(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert refused(data[:last] + data[last:-2] * 1000 + data[-2:]) == "unreadable_picture"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_what_is_kept_of_a_picture_says_nothing_but_its_pixels(kind: str) -> None:
    data = saved(photograph(), kind, exif=with_facts())
    assert SECRET in data and not is_plain(data)
    plain = encode_plain(opened(data))
    assert is_plain(plain) and SECRET not in plain and b"Exif" not in plain
    assert is_red(opened(plain)[5, 5])
    with Image.open(io.BytesIO(plain)) as image:
        assert not image.getexif()


@pytest.mark.parametrize("facts", [{"comment": SECRET}, {"icc_profile": SECRET}, {"xmp": SECRET}])
def test_a_jpeg_with_anything_beside_its_pixels_is_not_plain(facts: dict[str, bytes]) -> None:
    assert not is_plain(saved(photograph(), "JPEG", **facts))


@given(st.sampled_from(KINDS), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=12))
def test_damage_anywhere_is_answered_with_a_picture_or_a_refusal(kind: str, damage: list[tuple[int, int]]) -> None:
    data = bytearray(saved(photograph(), kind))
    for place, value in damage:
        data[place % len(data)] = value
    with suppress(PictureUnusable):
        assert opened(bytes(data)).ndim == 3


def test_a_picture_is_known_by_how_it_begins(tmp_path: Path) -> None:
    (tmp_path / "without-suffix").write_bytes(saved(photograph(), "HEIF"))
    (tmp_path / "text.jpg").write_text("not a picture")
    assert is_picture(tmp_path / "without-suffix")
    assert not is_picture(tmp_path / "text.jpg")
    assert not is_picture(tmp_path / "absent")


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the labelled sample pictures are not beside the checkout")
def test_every_sample_picture_opens() -> None:
    pictures = sorted((MEDIA / "facebank").glob("*/*.jpg"))
    assert len(pictures) == 14
    assert all(min(opened(picture.read_bytes()).shape[:2]) >= 100 for picture in pictures)


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the pictures as they come in the field are not beside the checkout")
def test_every_kind_that_comes_in_the_field_opens() -> None:
    folder = MEDIA / "field" / "casts" / "cast-unsupported-kinds"
    pictures = [path for path in folder.glob("*/*") if path.is_file()]
    assert {path.suffix for path in pictures} == {".HEIC", ".tiff", ".gif", ".jfif", ".jpg"}
    assert all(min(opened(picture.read_bytes()).shape[:2]) >= 100 for picture in pictures)


def test_a_picture_of_sixteen_bits_takes_little_more_memory_than_one_of_eight() -> None:
    side = 2500
    content = io.BytesIO()
    Image.fromarray(np.full((side, side), 30_000, np.uint16)).save(content, "PNG")
    tracemalloc.start()
    try:
        pixels = decode_picture(content.getvalue(), max_pixels=side * side, enough_px=2560)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert pixels[0, 0].tolist() == [116, 116, 116]
    assert most < 10 * side * side, "fractions of all pixels take eight bytes each, and there were three sets of them"
