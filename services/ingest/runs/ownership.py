"""Which video an episode is of.

**An episode's id is never taken over by another video unless somebody says so**: whatever way a video comes in, it is
compared with what the episode is known by.
"""

from __future__ import annotations

from chassis.errors import Conflict
from services.ingest.runs.records import Episode, Run


def check_ownership(episode: Episode | None, current_run: Run | None, sha256: str) -> None:
    """Refuse a video where the episode is of another one.

    A video that could not even be planned holds nothing: the mended file may take its place.

    Raises:
        Conflict: `episode_taken`.
    """
    if episode is None:
        return
    video = episode.video
    held = {current_run.video_sha256} if current_run is not None else set()
    if video is not None and video.sha256 and not _was_refused(episode):
        held.add(video.sha256)
    if held and sha256 not in held:
        name = f" ({video.filename})" if video is not None and video.filename else ""
        raise Conflict(
            "episode_taken",
            f"{episode.ep_id} is of another video already{name}: give this one another episode id, or send it with force "
            "to replace that one.",
        )


def _was_refused(episode: Episode) -> bool:
    """Whether the run that was asked for last could not be planned."""
    last = episode.starts[-1] if episode.starts else None
    return last is not None and last.failure is not None and last.run_id > (episode.current_run_id or "")
