"""Recordings that were joined byte by byte, in every container: one timeline, nothing lost, and the joint is named."""

from __future__ import annotations

import shutil
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.ingest.video.clock import read_clock
from services.ingest.video.probing import BadVideo, probe
from tests.support.field_videos import CONTAINERS, decode, join, write_recording

FRAMES = 75
SECONDS = FRAMES / 25


@pytest.mark.parametrize("suffix", sorted(CONTAINERS))
def test_one_recording_is_one(tmp_path: Path, suffix: str) -> None:
    path = write_recording(tmp_path / f"a.{suffix}", FRAMES)
    facts = probe(str(path))
    assert (len(facts.parts), facts.warnings) == (1, ())
    assert facts.duration_s == pytest.approx(SECONDS, abs=0.05)
    assert len(decode(path, facts).times_s) == FRAMES


@pytest.mark.parametrize("suffix", sorted(CONTAINERS))
def test_joined_recordings_are_one_timeline(tmp_path: Path, suffix: str) -> None:
    first = write_recording(tmp_path / f"a.{suffix}", FRAMES)
    second = write_recording(tmp_path / f"b.{suffix}", FRAMES, seed=10)
    path = join(tmp_path / f"joined.{suffix}", first, second, first)
    facts = probe(str(path))
    decoded = decode(path, facts)
    assert facts.duration_s == pytest.approx(3 * SECONDS, abs=0.15)
    assert [warning.code for warning in facts.warnings] == ["clock_restarts"] * 2
    assert [warning.where.start_s for warning in facts.warnings if warning.where] == pytest.approx(
        [SECONDS, 2 * SECONDS], abs=0.1
    )
    assert len(decoded.times_s) == 3 * FRAMES
    assert decoded.gaps_s == []
    assert all(earlier < later for earlier, later in pairwise(decoded.times_s))
    assert decoded.means[:FRAMES] == pytest.approx(decoded.means[2 * FRAMES :], abs=1.0)


def test_a_clock_that_is_set_back_without_a_new_head_is_a_joint_too(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "a.flv", FRAMES).read_bytes()
    path = tmp_path / "again.flv"
    path.write_bytes(recording + recording[13:])
    facts = probe(str(path))
    assert facts.duration_s == pytest.approx(2 * SECONDS, abs=0.05)
    assert len(decode(path, facts).times_s) == 2 * FRAMES


def test_what_cannot_be_read_of_a_joined_file_is_said(tmp_path: Path) -> None:
    whole = write_recording(tmp_path / "a.mkv", FRAMES).read_bytes()
    path = tmp_path / "joined.mkv"
    path.write_bytes(whole + whole[:200])
    facts = probe(str(path))
    assert facts.duration_s == pytest.approx(SECONDS, abs=0.05)
    assert [warning.code for warning in facts.warnings] == ["recording_unreadable"]
    assert len(decode(path, facts).times_s) == FRAMES


def test_joined_recordings_are_planned_apart_and_over_http_alike(tmp_path: Path) -> None:
    first = write_recording(tmp_path / "a.ts", FRAMES)
    path = join(tmp_path / "joined.ts", first, shutil.copy(first, tmp_path / "b.ts"))
    facts = probe(str(path))
    assert [(round(part.start_s, 2), round(part.end_s, 2)) for part in facts.parts] == [(0, 3), (3, 6)]
    assert facts.parts[0].ranges[0][1] == facts.parts[1].ranges[-1][0]
    assert facts.parts[1].ranges[-1][1] == path.stat().st_size


def test_very_many_joints_are_named_in_one_sentence_and_too_many_are_refused(tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "a.flv", 10)
    facts = probe(str(join(tmp_path / "many.flv", *[recording] * 30)))
    assert len(facts.parts) == 30
    assert facts.warnings[-1].sentence == "The clock of the file starts again 9 times more."
    assert len(facts.warnings) == 21
    with pytest.raises(BadVideo) as refused:
        probe(str(join(tmp_path / "too-many.flv", *[recording] * 501)))
    assert refused.value.code == "too_many_recordings"


def test_a_clock_that_is_never_steady_is_looked_at_quickly() -> None:
    times = np.tile(np.arange(50) * 0.04, 20_000)
    begun = time.process_time()
    assert len(read_clock(times, np.arange(len(times)) % 25 == 0).recordings) == 20_000
    assert time.process_time() - begun < 5
