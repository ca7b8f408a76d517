"""Which video an episode is of.

**An episode's id is never taken over by another video unless somebody says so**: whatever way a video comes in, it is
compared with what the episode is known by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.errors import Conflict

Document = Mapping[str, Any]


def check_ownership(episode: Document | None, current_run: Document | None, sha256: str) -> None:
    """Refuse a video where the episode is of another one.

    A video that could not even be planned holds nothing: the mended file may take its place.

    Raises:
        Conflict: `episode_taken`.
    """
    if episode is None or episode.get("deleted"):
        return
    video = episode.get("video") or {}
    held = {current_run["video_sha256"]} if current_run is not None else set()
    if video.get("sha256") and not _was_refused(episode):
        held.add(video["sha256"])
    if held and sha256 not in held:
        name = f" ({video['filename']})" if video.get("filename") else ""
        raise Conflict(
            "episode_taken",
            f"{episode['_id']} is of another video already{name}: give this one another episode id, or send it with force "
            "to replace that one.",
        )


def _was_refused(episode: Document) -> bool:
    """Whether the run that was asked for last could not be planned."""
    starts = episode.get("starts") or [{}]
    return bool(starts[-1].get("failure")) and starts[-1]["run_id"] > str(episode.get("current_run_id") or "")
