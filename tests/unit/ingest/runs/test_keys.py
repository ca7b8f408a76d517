"""Names, their order, and the sizes of parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import BadInput
from contracts.ids import run_id_for
from services.ingest.commands.deletion import LeftoverDocuments
from services.ingest.runs.keys import id_after, last_id_at, suffix_of, time_after, video_key
from services.ingest.runs.upload_parts import MIB, missing_parts, part_size, part_sizes
from services.ingest.video.clips import clip_name, stretch

NOW = datetime(2024, 5, 17, 12, 0, 0, 123_456, tzinfo=UTC)
times = st.integers(946_684_800_000, 4_102_444_800_000).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC))


@given(times, times)
def test_a_run_asked_for_after_others_has_a_greater_id(now: datetime, other: datetime) -> None:
    closed = last_id_at(other)
    at = time_after(now, [closed, None])
    assert at.microsecond % 1000 == 0
    assert run_id_for("any", at) > closed
    assert id_after(now, [closed]) > closed
    assert at >= now.replace(microsecond=now.microsecond // 1000 * 1000)


@given(times)
def test_what_was_named_until_a_moment_is_not_greater_than_its_last_id(at: datetime) -> None:
    assert run_id_for("a", at) <= last_id_at(at) < run_id_for("a", at + timedelta(milliseconds=2))


@pytest.mark.parametrize(
    ("filename", "suffix"),
    [
        ("a.MP4", ".mp4"),
        ("../../etc/passwd", ""),
        ("x.mp4/../y", ""),
        ("a.\u0000mp4", ""),
        ("a.tar.gz", ".gz"),
        ("", ""),
        (".mkv", ".mkv"),
        ("a.mp4\n", ""),
        ("a.averyverylongsuffix", ""),
    ],
)
def test_of_a_file_name_only_a_plain_suffix_is_taken(filename: str, suffix: str) -> None:
    assert suffix_of(filename) == suffix
    assert video_key("x-s01e01", "0" * 64, suffix).startswith("raw/videos/x-s01e01/0000000000000000")


@given(st.integers(1, 2**40))
def test_parts_cover_a_file_exactly_within_what_s3_takes(total: int) -> None:
    size = part_size(total, smallest=5 * MIB)
    sizes = part_sizes(total, size)
    assert sum(sizes) == total
    assert len(sizes) <= 1000
    assert min(sizes) > 0
    assert 5 * MIB <= size <= 5 * 2**30


def test_a_part_of_another_size_is_missing() -> None:
    assert missing_parts([5, 5, 3], {1: 5, 2: 4, 7: 5}) == [2, 3]


def test_near_stretches_are_one_clip_within_the_video() -> None:
    assert stretch(2.41, 4.38, 10.0) == stretch(2.4, 4.4, 10.0) == (2.4, 4.4)
    assert stretch(0, 99, 12.34) == (0.0, 12.34)
    assert clip_name("ab" * 32, 2.4, 4.4) == "abababababababab-00002400-00004400-3.webm"
    for start, end in ((3, 3), (5, 4), (12, 14), (0, 61)):
        with pytest.raises(BadInput):
            stretch(start, end, 11.0 if end < 60 else 100.0)


def remains(*, passes: int, recreated: bool) -> LeftoverDocuments:
    return LeftoverDocuments(
        ep_id="x-s01e01",
        last_run_id=last_id_at(NOW),
        deleted_at=NOW,
        passes=passes,
        recreated_at=NOW + timedelta(seconds=5) if recreated else None,
        kept=frozenset({"raw/videos/x-s01e01/kept.mp4"}),
    )


def test_what_belongs_to_later_runs_is_not_removed() -> None:
    before, later = run_id_for("a", NOW), run_id_for("a", NOW + timedelta(seconds=10))
    again = remains(passes=0, recreated=True)
    assert again.owns_artifact(f"{before}/r00001/tracks.jsonl", NOW + timedelta(hours=1))
    assert not again.owns_artifact(f"{later}/r00001/tracks.jsonl", NOW)
    assert again.owns_artifact("screen_time.json", NOW)
    assert not again.owns_artifact("screen_time.json", NOW + timedelta(seconds=10))
    assert remains(passes=1, recreated=False).owns_artifact("screen_time.json", NOW + timedelta(seconds=10))
    assert again.owns_upload(f"{before}.mp4")
    assert not again.owns_upload(f"{later}.mp4")


def test_a_video_that_came_after_the_deletion_is_not_removed() -> None:
    video, after = "raw/videos/x-s01e01/a.mp4", NOW + timedelta(seconds=2)
    for passes, recreated, written_at, owned in (
        (0, False, NOW, True),
        (0, False, after, True),  # clocks differ
        (0, False, NOW + timedelta(hours=1), False),
        (1, False, after, False),
        (0, True, after, False),
        (1, True, NOW - timedelta(seconds=0.5), False),  # of the same second: it may be the new one
        (1, True, NOW - timedelta(seconds=2), True),
    ):
        assert remains(passes=passes, recreated=recreated).owns_video(video, written_at) is owned
    assert not remains(passes=0, recreated=True).owns_video("raw/videos/x-s01e01/kept.mp4", NOW)
