"""A file that is handed on while it is written is the file that was written."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.video.growing_file import GrowingFile

PIECE = 16


def handed_on(file: GrowingFile, taken: Sequence[bytes]) -> bytes:
    last, first = file.end()
    return bytes(first) + b"".join(taken) + bytes(last)


@given(
    st.lists(st.binary(max_size=50), max_size=12),
    st.lists(st.tuples(st.integers(0, PIECE - 1), st.binary(min_size=1, max_size=8)), max_size=4),
)
def test_what_is_written_in_order_and_again_at_the_beginning_arrives(
    chunks: list[bytes], again: list[tuple[int, bytes]]
) -> None:
    file, real, taken = GrowingFile(PIECE), io.BytesIO(), []
    for chunk in chunks:
        assert file.write(chunk) == len(chunk)
        real.write(chunk)
        taken += [bytes(piece) for piece in file.take()]
    for place, text in again:
        text = text[: max(0, min(PIECE, len(real.getvalue())) - place)]
        for target in (file, real):
            target.seek(place)
            target.write(text)
            target.seek(0, os.SEEK_END)
    assert {len(piece) for piece in taken} <= {PIECE}
    assert handed_on(file, taken) == real.getvalue()
    assert file.tell() == real.tell()


def test_what_was_handed_on_is_not_written_again() -> None:
    file = GrowingFile(PIECE)
    file.write(b"x" * 40)
    assert len(file.take()) == 1
    file.seek(20)
    with pytest.raises(OSError, match="beginning"):
        file.write(b"y")
