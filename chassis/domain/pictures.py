"""Opening pictures that people send, without trusting them.

**A picture is decoded only after its header has passed**: its kind, its size, and what its decoder would have to hold.
What comes out are plain pixels, upright, without anything that the file says of a camera, a place or an owner.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)
from pillow_heif import HeifImageFile, register_heif_opener

from chassis.errors import BadInput

Pixels = npt.NDArray[np.uint8]

KINDS: Final = tuple(
    plugin.format
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        HeifImageFile,
        AvifImagePlugin.AvifImageFile,
        TiffImagePlugin.TiffImageFile,
        GifImagePlugin.GifImageFile,
        BmpImagePlugin.BmpImageFile,
        Jpeg2KImagePlugin.Jpeg2KImageFile,
        PpmImagePlugin.PpmImageFile,
    )
)
"""What is opened. Named one by one: other plug-ins of Pillow start programs, or take nearly anything for a picture."""

SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".heic", ".heics", ".heif", ".hif", ".avif", ".avifs"}
    | {".tif", ".tiff", ".gif", ".bmp", ".dib", ".jp2", ".j2k", ".ppm", ".pgm", ".pnm"}
)
"""How files of these kinds are called, lower case."""

MOST_SCANS = 64
"""A progressive JPEG has about ten; every one costs a pass over the whole picture."""

MOST_REDUCED = 5
"""How many times more pixels than are decoded a JPEG may have that is made smaller while it is decoded."""

_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes an EXIF orientation (tag 0x0112)."""

PLAIN_QUALITY = 95

BAND = 128
"""Rows whose colour is changed at a time."""

_OF_THE_PIXELS = frozenset({"APP0", "APP14"})
"""Segments of a JPEG that say how its pixels are to be read."""

_ORIENTATION = 0x0112
_JPEG_START, _JPEG_SCAN = b"\xff\xd8\xff", b"\xff\xda"
_WHITE = (255, 255, 255, 255)

register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
Image.MAX_IMAGE_PIXELS = None  # the bounds are those of `decode_picture`, and an error rather than a warning
warnings.filterwarnings("ignore", module=r"PIL\.")  # odd tags, which nobody here can mend


class PictureUnusable(BadInput):
    """A picture cannot be opened. Codes: `unreadable_picture`, `picture_too_large`."""


def decode_picture(data: bytes, *, max_pixels: int, enough_px: int) -> Pixels:
    """Decodes a picture file: uint8 [height, width, 3], RGB, upright; the first frame of an animated one.

    One whose long side is at least twice `enough_px` is made smaller by a whole number, a JPEG already while it is
    decoded. What is transparent becomes white.

    Raises PictureUnusable: `picture_too_large` when more than `max_pixels` would be decoded, before they are;
    `unreadable_picture` for anything that is not a complete picture of a kind that is read.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=KINDS)
    except Exception as error:  # decoders raise whatever a broken header leads them to
        raise _unreadable(data) from error
    with image:
        _check_size(image, data, max_pixels=max_pixels, enough_px=enough_px)
        try:
            image.load()
            upright = _UPRIGHT.get(_orientation(image))
            plain = _rgb(image, enough_px)
            if upright is not None:
                plain = plain.transpose(upright)
            return np.array(plain, dtype=np.uint8)
        except Exception as error:
            raise PictureUnusable(
                "unreadable_picture", "The picture is damaged or incomplete: copy it again from where it comes from."
            ) from error


def encode_plain(pixels: Pixels) -> bytes:
    """A JPEG file of RGB pixels [height, width, 3], with nothing in it but these."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=PLAIN_QUALITY, subsampling=0)
    return file.getvalue()


def is_plain(data: bytes) -> bool:
    """Whether a file is a JPEG that holds pixels and says nothing else: no EXIF, XMP, profile, comment or second picture."""
    try:
        with Image.open(io.BytesIO(data), formats=KINDS) as image:
            return isinstance(image, JpegImagePlugin.JpegImageFile) and all(
                segment in _OF_THE_PIXELS for segment, _ in image.applist
            )
    except Exception:  # as in `decode_picture`
        return False


def is_picture(path: Path) -> bool:
    """Whether a file begins as a picture that can be read, whatever it is called."""
    try:
        with Image.open(path, formats=KINDS):
            return True
    except Exception:  # as in `decode_picture`
        return False


def _pixels(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _unreadable(data: bytes) -> PictureUnusable:
    if not data:
        return PictureUnusable("unreadable_picture", "The file is empty: copy it again from where it comes from.")
    return PictureUnusable(
        "unreadable_picture",
        "The file is no picture that can be read: use a JPEG, PNG, WebP, HEIC, AVIF, TIFF, GIF or BMP.",
    )


def _check_size(image: Image.Image, data: bytes, *, max_pixels: int, enough_px: int) -> None:
    """Lets a JPEG's decoder leave out what is not needed, and refuses what is too large even so."""
    size = image.size
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        scans = _scans(image, data)
        if scans > MOST_SCANS:
            raise PictureUnusable("unreadable_picture", f"The JPEG has {scans} scans: save it again.")
        if scans == 1 and _pixels(size) <= MOST_REDUCED * max_pixels:
            factor = _factor(size, enough_px)
            image.draft(None, (-(-size[0] // factor), -(-size[1] // factor)))
    if _pixels(image.size) > max_pixels:
        raise PictureUnusable(
            "picture_too_large",
            f"The picture has {size[0]}x{size[1]} pixels: use one of at most {max_pixels // 1_000_000} million pixels.",
        )


def _scans(image: JpegImagePlugin.JpegImageFile, data: bytes) -> int:
    """How often the decoder goes over the picture, holding all of it if more than once.

    Counted for each of the pictures in the file: telephones append more of them, and put a small one into a segment.
    """

    def count(marker: bytes) -> int:
        return data.count(marker) - sum(segment.count(marker) for _, segment in image.applist)

    return -(-count(_JPEG_SCAN) // max(1, count(_JPEG_START)))


def _factor(size: tuple[int, int], enough_px: int) -> int:
    """By what whole number a picture may be made smaller and still have `enough_px`."""
    return max(1, max(size) // enough_px)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF says nothing
        return 1


def _rgb(image: Image.Image, enough_px: int) -> Image.Image:
    """The picture in 8-bit RGB, made smaller where it can be, over white where it is transparent."""
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image)))
    plain = image.convert("RGBA" if image.has_transparency_data else "RGB")
    factor = _factor(plain.size, enough_px)
    if factor > 1:
        plain = plain.reduce(factor)
    if plain.mode == "RGB":
        return plain
    return Image.alpha_composite(Image.new("RGBA", plain.size, _WHITE), plain).convert("RGB")


def _eight_bits(values: npt.NDArray[Any]) -> Pixels:
    """Grey values of 16 bits, or of fractions, as 8 bits; a few rows at a time, since fractions take eight times as much."""
    most = float(values.max(initial=0))
    scale = 255.0 if most <= 1.0 else 1.0 if most <= 255.0 else 255.0 / 65535.0
    small = np.empty(values.shape, dtype=np.uint8)
    for top in range(0, len(values), BAND):
        band = values[top : top + BAND].astype(np.float64) * scale
        small[top : top + BAND] = np.clip(band, 0.0, 255.0)
    return small
