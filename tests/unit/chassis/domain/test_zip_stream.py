from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator

from chassis.domain.crop_archive import pack_crops, without_members
from chassis.domain.zip_stream import zip_stream


async def test_an_archive_is_sent_while_it_is_made() -> None:
    made: list[str] = []

    async def files() -> AsyncIterator[tuple[str, bytes]]:
        for number in range(3):
            made.append(f"{number}.txt")
            yield f"{number}.txt", bytes([number]) * 1000

    pieces, sent_after = [], []
    async for piece in zip_stream(files()):
        pieces.append(piece)
        sent_after.append(len(made))
    assert sent_after[:3] == [1, 2, 3]
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        assert {name: archive.read(name)[:1] for name in archive.namelist()} == {
            f"{number}.txt": bytes([number]) for number in range(3)
        }


def test_members_are_taken_out_of_an_archive() -> None:
    archive = pack_crops([("a", b"1"), ("b", b"2"), ("c", b"3")])
    assert without_members(archive, {"b", "x"}) == pack_crops([("a", b"1"), ("c", b"3")])
    assert without_members(archive, {"x"}) is None
