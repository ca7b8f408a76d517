"""A report's pictures are read from their archives once."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.domain.crop_archive import pack_crops
from services.identity.media.thumbnails import Thumbnails

ARCHIVES = {
    "s3://b/one.zip": pack_crops([("thumbs/a.jpg", b"a"), ("thumbs/b.jpg", b"b")]),
    "s3://b/two.zip": pack_crops([("thumbs/c.jpg", b"c")]),
}
A, B, C = "s3://b/one.zip#thumbs/a.jpg", "s3://b/one.zip#thumbs/b.jpg", "s3://b/two.zip#thumbs/c.jpg"


class Shelf:
    """A storage that notes what is read."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    async def read(self, uri: str) -> bytes:
        self.reads.append(uri)
        return ARCHIVES[uri]


async def test_an_archive_is_read_once_and_again_only_for_a_picture_that_is_new() -> None:
    shelf: Any = Shelf()
    thumbnails = Thumbnails(shelf)
    assert await thumbnails.of([A, C]) == {A: b"a", C: b"c"}
    assert await thumbnails.of([C, A, A]) == {A: b"a", C: b"c"}
    assert shelf.reads == ["s3://b/one.zip", "s3://b/two.zip"]
    assert await thumbnails.of([A, B]) == {A: b"a", B: b"b"}
    assert shelf.reads == ["s3://b/one.zip", "s3://b/two.zip", "s3://b/one.zip"]


async def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    shelf: Any = Shelf()
    thumbnails = Thumbnails(shelf, remembered=1)
    assert await thumbnails.of([A, C]) == {A: b"a", C: b"c"}
    await thumbnails.of([C])
    assert len(shelf.reads) == 2
    await thumbnails.of([A])
    assert len(shelf.reads) == 3


async def test_a_picture_that_is_not_there_is_an_error() -> None:
    shelf: Any = Shelf()
    with pytest.raises(KeyError):
        await Thumbnails(shelf).of(["s3://b/two.zip#thumbs/x.jpg"])
