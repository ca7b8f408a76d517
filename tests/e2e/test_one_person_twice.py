"""One person twice in the picture is named, counted once and flagged, and nobody else is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.rows import ScreenTimeDocument
from tests.e2e.conftest import MEDIA, SHOW
from tests.support.pipeline import Pipeline
from tests.support.split_screens import (
    Arrangement,
    arrange,
    mirrored,
    over_under,
    replayed,
    split_screen,
    squeezed_eyes,
    two_eyes,
)

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

SECONDS = {"ada": 1.6, "chloe": 2.2, "boris": 1.6, "david": 2.6}


@pytest.mark.parametrize(
    ("number", "arrangement"),
    [
        (81, mirrored),
        (82, two_eyes),
        (83, split_screen),
        (84, replayed),
        (85, squeezed_eyes),
        (86, over_under),
    ],
    ids=["mirror", "two eyes", "split screen", "replay", "squeezed eyes", "eyes above each other"],
)
async def test_a_person_who_is_there_twice_is_named_and_counts_once(
    pipeline: Pipeline, tmp_path: Path, number: int, arrangement: Arrangement
) -> None:
    video = arrange(MEDIA / "sample-episode-2.mp4", tmp_path / "twice.mp4", arrangement, seconds=8.0)
    report = await pipeline.finished(await pipeline.upload(video, f"{SHOW}-s01e{number}"))
    document = await pipeline.storage.get_document(report.manifests["screen_time.json"], ScreenTimeDocument)
    seconds = {person.cast_id: person.visible_s for person in document.cast}
    replay_s = 1.0 if arrangement is replayed else 0.0
    assert set(seconds) == set(SECONDS)
    assert all(SECONDS[name] - 0.2 <= seconds[name] <= SECONDS[name] + replay_s + 0.2 for name in SECONDS), seconds
    assert document.unidentified == ()
    assert any("count once" in warning for warning in document.warnings)
    squeezed = arrangement in (squeezed_eyes, over_under)
    assert squeezed == any(warning.code == "eyes_squeezed" for warning in document.warning_details)
