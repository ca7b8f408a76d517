"""A labelled episode through every server and service: the seconds are right, and the same ones every time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy import machine, process, read_result
from benchmarks.jobs import Job
from benchmarks.truth import LabelledEpisode
from screenalytics.local.servers import check_installed
from tests.accuracy.in_process import Models

pytestmark = [
    pytest.mark.accuracy,
    pytest.mark.e2e,
    pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}"),
]

DIFFERS_BY_RUN = frozenset({"run_id", "at", "event_id", "stage_seconds", "stage_cpu_seconds", "changes"})
"""Fields that speak of the run, or (`changes`) of the one before it, instead of the episode."""


@pytest.fixture(scope="module")
async def two_results(
    short_episode: LabelledEpisode, models: Models, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """The folders of the same episode processed twice with its cast."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    job = Job(episode=short_episode, named=True, title=short_episode.truth.name)
    async with machine() as settings:
        await process(settings, job, first)
        await process(settings, job, second, force=True)
    return first, second


async def test_everybody_is_named_and_their_seconds_are_right(
    two_results: tuple[Path, Path], short_episode: LabelledEpisode
) -> None:
    result = read_result(two_results[0])
    scored = Job(episode=short_episode, named=True, title="").score(result)
    assert {member.cast_id for member in result.screen_time.cast} == set(short_episode.truth.intervals)
    assert [person for person in scored.people if not person.good] == []
    assert scored.wrong_name_s <= 0.2
    assert abs(scored.nobody_error_s) <= 0.2
    assert scored.cuts.missing_s == ()
    assert scored.clusters.found == scored.clusters.true


async def test_a_second_run_of_the_same_video_gives_the_same_manifests(two_results: tuple[Path, Path]) -> None:
    first, second = (folder / "manifests" for folder in two_results)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    run_ids = [read_result(folder).screen_time.run_id for folder in two_results]
    assert run_ids[0] != run_ids[1]
    for name in names:
        if not name.endswith(".parquet"):
            assert _of_the_episode(first / name, run_ids[0]) == _of_the_episode(second / name, run_ids[1]), name


def _of_the_episode(path: Path, run_id: str) -> list[str] | bytes:
    """A manifest without what belongs to the run; JSON in rows."""
    if path.suffix == ".npy":
        return path.read_bytes()
    text = path.read_text().replace(run_id, "RUN")
    if path.suffix not in {".json", ".jsonl"}:
        return text.splitlines()
    rows = text.splitlines() if path.suffix == ".jsonl" else [text]
    return [json.dumps(_without_run(json.loads(row))) for row in rows]


def _without_run(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_run(inner) for key, inner in value.items() if key not in DIFFERS_BY_RUN}
    if isinstance(value, list):
        return [_without_run(inner) for inner in value]
    return value
