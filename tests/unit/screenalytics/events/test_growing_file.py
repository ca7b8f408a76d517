"""A file that is still being written to is refused: its first half is no episode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chassis.errors import BadInput
from screenalytics.events.emitter import upload_video
from screenalytics.events.growing_files import check_complete
from screenalytics.events.videos import check_video


class Bucket:
    """Takes files, and does something while it takes one."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self._meanwhile = meanwhile

    def uri(self, key: str) -> str:
        return f"s3://bucket/{key}"

    async def find(self, _key: str) -> None:
        self._meanwhile()

    async def upload_file(self, _key: str, _path: Path, *, hashed: tuple[str, int]) -> None:
        """It is there."""


def bucket(meanwhile: Callable[[], object]) -> Any:
    return Bucket(meanwhile)


async def test_a_file_that_grows_while_it_is_uploaded_is_refused(tmp_path: Path) -> None:
    video = tmp_path / "recording.ts"
    video.write_bytes(b"the first half")
    with pytest.raises(BadInput) as refused:
        await upload_video(bucket(lambda: video.write_bytes(b"the first half and more")), video, "show-s01e01")
    assert refused.value.code == "file_growing"
    assert "recording.ts" in str(refused.value)


async def test_a_file_that_stays_as_it_is_is_taken(tmp_path: Path) -> None:
    video = tmp_path / "recording.ts"
    video.write_bytes(b"all of it")
    reference = await upload_video(bucket(lambda: None), video, "show-s01e01")
    assert (reference.bytes, reference.filename) == (9, "recording.ts")


def test_a_file_that_a_program_has_open_for_writing_is_refused_before_it_is_read(tmp_path: Path) -> None:
    video = tmp_path / "recording.ts"
    with video.open("wb") as recorder:
        recorder.write(b"the first half")
        recorder.flush()
        with pytest.raises(BadInput) as refused:
            check_video(video)
        assert (refused.value.code, "recording.ts" in str(refused.value)) == ("file_growing", True)
    with pytest.raises(BadInput) as other:
        check_video(video)
    assert other.value.code == "not_a_video"


def test_a_file_that_is_read_by_others_is_complete(tmp_path: Path) -> None:
    video = tmp_path / "recording.ts"
    video.write_bytes(b"all of it")
    with video.open("rb"):
        check_complete(video)
