"""What the accuracy tests share: the labelled episodes and the models, each with its reason to skip."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.truth import LabelledEpisode, find_episodes
from screenalytics.weights import default_cache_dir, list_models, load_registry, repository_path
from tests.accuracy.in_process import Models

MEDIA = Path(__file__).resolve().parents[3] / "shared" / "media"


@pytest.fixture(scope="session")
def short_episode() -> LabelledEpisode:
    """The shortest labelled episode."""
    episodes = find_episodes(MEDIA) if MEDIA.is_dir() else []
    if not episodes:
        pytest.skip("no labelled episodes in ../shared/media")
    return min(episodes, key=lambda episode: episode.truth.duration_s)


@pytest.fixture(scope="session")
def models() -> Models:
    """The converted models in this process."""
    cache = default_cache_dir()
    states = {listing.name: listing.state for listing in list_models(load_registry(), cache)}
    if any(states.get(name) != "ready" for name in ("face_detector", "sface")):
        pytest.skip("the models are not there; make setup fetches them")
    return Models(repository_path(cache))
