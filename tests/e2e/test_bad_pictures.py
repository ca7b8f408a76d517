"""Reference pictures that cannot be used: each gets a code and a sentence, and the good one beside them is used."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from contracts.blobs import PictureRef
from contracts.events import CastPictures, CastUploaded, FacebankUpdated
from tests.e2e.conftest import MEDIA
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

OTHER_SHOW = "unknown-show"
ABSENT = "0" * 64


def jpeg(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], quality: int = 92) -> bytes:
    return bytes(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def bomb() -> bytes:
    """A small PNG that says it has 60000 x 60000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture(scope="module")
def face() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A good reference picture of the labelled cast."""
    path = next(path for path in sorted((MEDIA / "facebank").rglob("*")) if path.suffix in {".jpg", ".png"})
    pixels = cv2.imread(str(path))
    assert pixels is not None
    return np.asarray(pixels, dtype=np.uint8)


def pictures_of(face: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> dict[str, tuple[bytes, str]]:
    """File name -> content and the code it must get."""
    good = jpeg(face)
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    small = cv2.resize(face, None, fx=0.12, fy=0.12, interpolation=cv2.INTER_AREA)
    return {
        "good.jpg": (good, "ok"),
        "Ünï cödé – 張偉.jpg": (jpeg(face, 90), "ok"),
        "../../etc/passwd.jpg": (jpeg(face, 88), "ok"),
        "empty.jpg": (b"", "unreadable_picture"),
        "text.jpg": (b"this is no picture\n" * 50, "unreadable_picture"),
        "half.jpg": (good[: len(good) // 2], "unreadable_picture"),
        "animation.gif": (b"GIF89a" + bytes(100), "unreadable_picture"),
        "bomb.png": (bomb(), "picture_too_large"),
        "grey.jpg": (jpeg(np.full((240, 320, 3), 127, dtype=np.uint8)), "picture_without_face"),
        "noise.jpg": (jpeg(np.asarray(cv2.GaussianBlur(noise, (31, 31), 0), dtype=np.uint8)), "picture_without_face"),
        "two.jpg": (jpeg(np.hstack([face, face])), "several_faces"),
        "tiny.jpg": (jpeg(np.asarray(small, dtype=np.uint8)), "face_too_small|picture_without_face"),
        "blurred.jpg": (jpeg(np.asarray(cv2.GaussianBlur(face, (0, 0), 9), dtype=np.uint8)), "face_too_blurry"),
    }


async def test_every_picture_gets_its_verdict_and_the_good_ones_are_used(
    pipeline: Pipeline, face: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    wanted = pictures_of(face)
    references = []
    for number, (name, (data, _)) in enumerate(wanted.items()):
        ref = await pipeline.storage.put(f"raw/facebank/{OTHER_SHOW}/{number}{Path(name).suffix}", data)
        references.append(PictureRef(uri=ref.uri, sha256=ref.sha256, bytes=ref.bytes, filename=name))
    good = references[0]
    missing = good.model_copy(update={"uri": pipeline.storage.uri("raw/nothing.jpg"), "filename": "missing.jpg"})
    other = good.model_copy(update={"sha256": ABSENT, "filename": "changed.jpg"})
    event = CastUploaded(
        show=OTHER_SHOW,
        cast=(CastPictures(cast_id="ada", name="Ada", pictures=(*references, missing, other)),),
        request_id="bad.pictures $1",
    )
    await pipeline.emit(event)
    answer = await pipeline.log.first(FacebankUpdated, show=OTHER_SHOW)
    codes = {name: code for name, (_, code) in wanted.items()}
    codes |= {"missing.jpg": "object_missing", "changed.jpg": "object_changed"}
    found = {verdict.filename: verdict.code for verdict in answer.verdicts}
    wrong = {name: found.get(name) for name, code in codes.items() if found.get(name) not in code.split("|")}
    assert wrong == {}
    assert all(verdict.accepted == (verdict.code == "ok") for verdict in answer.verdicts)
    assert all(verdict.message.endswith(".") and "\n" not in verdict.message for verdict in answer.verdicts)


@pytest.mark.parametrize("request_id", ["a", "a.b", "$set", "", "with space", "dlq/…"])
async def test_a_request_may_be_called_anything_and_is_answered_the_same_when_it_comes_again(
    pipeline: Pipeline, request_id: str
) -> None:
    event = CastUploaded(show="named-requests", cast=(), request_id=request_id)
    await pipeline.emit(event)
    first = await pipeline.log.first(FacebankUpdated, show="named-requests", request_id=request_id)
    await pipeline.emit(event)
    await pipeline.log.quiet(1.0)
    answers = pipeline.log.of(FacebankUpdated, show="named-requests", request_id=request_id)
    assert answers == [first, first]
