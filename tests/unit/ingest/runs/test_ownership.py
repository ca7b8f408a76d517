"""An episode's id is never taken over by another video unless somebody says so."""

from __future__ import annotations

import pytest

from chassis.errors import Conflict
from contracts.blobs import VideoRef
from services.ingest.runs.ownership import check_ownership
from services.ingest.runs.records import Episode, Failure, RequestedRun, Run
from services.ingest.runs.states import State
from tests.support.run_records import BEGIN, a_run

A, B, C = "a" * 64, "b" * 64, "c" * 64
FIRST, LATER = "01JCZ5M7Q8XG3V4B2N1K0H9F8D", "01JD15M7Q8XG3V4B2N1K0H9F8D"


def episode(sha256: str | None = A) -> Episode:
    video = VideoRef(uri="s3://b/film.mp4", sha256=sha256, filename="film.mp4") if sha256 else None
    return Episode(ep_id="film-s01e01", video=video, created_at=BEGIN, updated_at=BEGIN)


def run(sha256: str, state: State = "finished") -> Run:
    return a_run(run_id=FIRST, video_sha256=sha256, state=state)


def refused(of: Episode | None, current: Run | None, sha256: str) -> bool:
    try:
        check_ownership(of, current, sha256)
    except Conflict as error:
        return error.code == "episode_taken" and "force" in error.message and error.message.endswith(".")
    return False


@pytest.mark.parametrize("state", ["running", "finished", "failed", "cancelled"])
def test_another_video_than_the_current_run_is_of_is_refused(state: State) -> None:
    assert refused(episode(), run(A, state), B)
    assert not refused(episode(), run(A, state), A)


def test_a_video_that_was_uploaded_and_not_yet_processed_holds_the_episode() -> None:
    assert refused(episode(), None, B)
    assert not refused(episode(), None, A)


def test_an_episode_without_a_video_or_that_is_not_there_is_free() -> None:
    assert not refused(None, None, B)
    assert not refused(episode(None), None, B)


def test_the_mended_file_takes_the_place_of_one_that_could_not_be_read() -> None:
    asked = RequestedRun(
        command="c",
        run_id=LATER,
        event_id="e",
        profile="balanced",
        at=BEGIN,
        who="me",
        failure=Failure(stage="ingest", code="damaged", message="Mend it."),
    )
    broken = episode().model_copy(update={"starts": (asked,)})
    later = broken.model_copy(update={"current_run_id": FIRST})
    assert not refused(broken, None, B)
    assert refused(later, run(C), B), "the video before it still has its results"
    assert not refused(later, run(C), C)
