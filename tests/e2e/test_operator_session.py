"""An operator corrects an episode over HTTP: corrections outlive a re-run, and subscribers hear each of them once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from contracts.events import CastLinked, ClustersEdited, LinksChanged, ScreenTimeReported
from tests.e2e.conftest import API_URL, MEDIA
from tests.e2e.test_journeys import ROOT, run_script
from tests.support.pipeline import Pipeline, content_of

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

EPISODE = "session-s01e01"


async def test_corrections_are_reported_once_and_outlive_a_run(pipeline: Pipeline, tmp_path: Path) -> None:
    video = MEDIA / "sample-episode-1.mp4"
    if not video.exists():
        pytest.skip("the labelled episodes are not here")
    arguments = [str(video), str(MEDIA / "facebank"), "--episode", EPISODE, "--json"]
    script = [str(ROOT / "examples" / "operator_session.py"), *arguments]
    said = await run_script(
        script, cwd=tmp_path, environment={"SCREENALYTICS_API_URL": API_URL, "PYTHONPATH": str(ROOT)}
    )

    assert len(said["named"]) >= 3
    assert said["links_after_rerun"].items() >= said["named"].items()
    assert said["merged_tracks_after_rerun"] == said["merged_tracks"]
    assert not said["merged_away_after_rerun"]
    first, second = said["runs"]
    of_first = [revision for revision in said["revisions"] if revision["run_id"] == first]
    assert [revision["revision"] for revision in of_first] == list(range(1, len(of_first) + 1))
    assert len(of_first) >= 5, "one revision for the run, one each for links, merge, split and undo"
    assert all(revision["changes"] for revision in of_first[1:]), "every later revision says what it changed"

    await pipeline.log.quiet(1.0)
    about = (ClustersEdited, LinksChanged, CastLinked, ScreenTimeReported)
    seen = [one for one in pipeline.log.seen if isinstance(one.event, about) and one.event.ep_id == EPISODE]
    contents = {one.event_id: content_of(one) for one in seen}
    assert all(content_of(one) == contents[one.event_id] for one in seen), "one id always says one thing"
    assert Counter(type(one.event) for one in seen if isinstance(one.event, ClustersEdited | LinksChanged)) == {
        ClustersEdited: 3,
        LinksChanged: 1,
    }
    assert Counter(one.event_id for one in seen).most_common(1)[0][1] == 1, "nobody hears anything twice"
    reported = {(one.event.run_id, one.event.revision) for one in seen if isinstance(one.event, ScreenTimeReported)}
    assert reported == {(revision["run_id"], revision["revision"]) for revision in said["revisions"]}
    named = {one.event.cast_id for one in seen if isinstance(one.event, CastLinked) and one.event.run_id == first}
    assert set(said["named"].values()) <= named
    assert second > first
