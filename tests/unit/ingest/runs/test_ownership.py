"""An episode's id is never taken over by another video unless somebody says so."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.errors import Conflict
from services.ingest.runs.ownership import check_ownership

A, B, C = "a" * 64, "b" * 64, "c" * 64
FIRST, LATER = "01JCZ5M7Q8XG3V4B2N1K0H9F8D", "01JD15M7Q8XG3V4B2N1K0H9F8D"


def episode(sha256: str | None = A, **facts: Any) -> dict[str, Any]:
    video = {"sha256": sha256, "filename": "film.mp4"} if sha256 else None
    return {"_id": "film-s01e01", "video": video, **facts}


def run(sha256: str, state: str = "finished") -> dict[str, Any]:
    return {"_id": FIRST, "video_sha256": sha256, "state": state}


def refused(document: dict[str, Any] | None, current: dict[str, Any] | None, sha256: str) -> bool:
    try:
        check_ownership(document, current, sha256)
    except Conflict as error:
        return error.code == "episode_taken" and "force" in error.message and error.message.endswith(".")
    return False


@pytest.mark.parametrize("state", ["running", "finished", "failed", "cancelled"])
def test_another_video_than_the_current_run_is_of_is_refused(state: str) -> None:
    assert refused(episode(), run(A, state), B)
    assert not refused(episode(), run(A, state), A)


def test_a_video_that_was_uploaded_and_not_yet_processed_holds_the_episode() -> None:
    assert refused(episode(), None, B)
    assert not refused(episode(), None, A)


def test_an_episode_without_a_video_or_that_was_deleted_is_free() -> None:
    assert not refused(None, None, B)
    assert not refused(episode(None), None, B)
    assert not refused(episode(deleted=True), run(A), B)


def test_the_mended_file_takes_the_place_of_one_that_could_not_be_read() -> None:
    broken = episode(starts=[{"run_id": LATER, "failure": {"code": "damaged"}}])
    assert not refused(broken, None, B)
    assert refused(broken | {"current_run_id": FIRST}, run(C), B), "the video before it still has its results"
    assert not refused(broken | {"current_run_id": FIRST}, run(C), C)
