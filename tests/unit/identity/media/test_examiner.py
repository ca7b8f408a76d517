"""What is kept of a reference picture says nothing but its pixels, and a flood of pictures waits its turn."""

from __future__ import annotations

import asyncio
import hashlib
import io
import threading
import time
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from chassis.domain.pictures import Pixels, is_plain
from chassis.errors import BadInput
from chassis.service import Resources
from contracts.blobs import BlobRef, PictureRef
from services.identity.media import examiner
from services.identity.media.examiner import Examiner
from services.identity.settings import IdentitySettings
from tests.support.identity_rig import RED, ColourInference, picture_of

SECRET = b"where it was taken"


class Objects:
    """The bucket."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, key: str, data: bytes, *, media_type: str) -> BlobRef:
        self.kept[key] = data
        return BlobRef(
            uri=f"s3://bucket/{key}", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), media_type=media_type
        )


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def examining(objects: Objects) -> Examiner:
    settings = IdentitySettings()
    resources = SimpleNamespace(settings=settings, storage=objects, require_inference=ColourInference)
    return Examiner(cast("Resources[IdentitySettings]", resources))


def photograph(kind: str, **facts: Any) -> bytes:
    """The red person, in a file of that kind."""
    file = io.BytesIO()
    with Image.open(io.BytesIO(picture_of(RED))) as image:
        image.convert("RGB").save(file, kind, **facts)
    return file.getvalue()


def with_a_place() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "TIFF"])
async def test_what_is_kept_says_nothing_but_its_pixels(kind: str, examining: Examiner, objects: Objects) -> None:
    data = photograph(kind, exif=with_a_place())
    verdict, picture = await examining.examine("my-show", "rita", "rita.file", data)
    assert verdict.accepted and picture is not None and picture.ref is not None
    ((key, kept),) = objects.kept.items()
    assert SECRET in data and SECRET not in kept and is_plain(kept)
    assert key.startswith("raw/facebank/my-show/rita/") and key.endswith(".jpg")
    assert picture.ref.uri == f"s3://bucket/{key}" and picture.ref.sha256 == hashlib.sha256(kept).hexdigest()
    assert picture.reference.picture == hashlib.sha256(data).hexdigest()[:16], "the same file is the same picture"


async def test_an_object_that_holds_pixels_only_is_kept_where_it_is(examining: Examiner, objects: Objects) -> None:
    data = photograph("JPEG")
    ref = PictureRef(
        uri="s3://theirs/a.jpg", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), filename="a.jpg"
    )
    _, picture = await examining.examine("my-show", "rita", "a.jpg", data, ref=ref)
    assert picture is not None and picture.ref == ref and objects.kept == {}


async def test_an_object_that_says_more_is_copied_without_that(examining: Examiner, objects: Objects) -> None:
    data = photograph("JPEG", exif=with_a_place())
    ref = PictureRef(
        uri="s3://theirs/a.jpg", sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), filename="a.jpg"
    )
    _, picture = await examining.examine("my-show", "rita", "a.jpg", data, ref=ref)
    assert picture is not None and picture.ref is not None and picture.ref.uri != ref.uri
    assert picture.ref.filename == "a.jpg" and len(objects.kept) == 1


async def test_nothing_is_kept_of_a_picture_that_is_refused(examining: Examiner, objects: Objects) -> None:
    for data, code in ((b"", "unreadable_picture"), (picture_of((10, 10, 10)), "picture_without_face")):
        verdict, picture = await examining.examine("my-show", "rita", "x", data)
        assert (verdict.code, picture) == (code, None)
    assert objects.kept == {}


def test_a_large_file_is_refused_before_it_is_read(examining: Examiner) -> None:
    examining.check_size(20 * 2**20)
    with pytest.raises(BadInput) as caught:
        examining.check_size(20 * 2**20 + 1)
    assert caught.value.code == "file_too_large"


async def test_only_so_many_pictures_are_decoded_at_once_and_the_loop_goes_on(
    examining: Examiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard, now, most = threading.Lock(), 0, 0

    def slow(_data: bytes, **_bounds: int) -> Pixels:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with guard:
            now -= 1
        return np.full((200, 200, 3), 200, dtype=np.uint8)

    monkeypatch.setattr(examiner, "decode_picture", slow)
    working = asyncio.gather(*(examining.examine("my-show", "rita", f"{n}", b"x") for n in range(12)))
    turns = 0
    while not working.done():
        turns += 1
        await asyncio.sleep(0.005)
    await working
    assert most == IdentitySettings().facebank.pictures_at_once
    assert turns > 10, "the event loop was not held up"
