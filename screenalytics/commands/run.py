"""`screenalytics run`: one episode from file to report.

What people give is looked at before anything dear is imported: a wrong path is told at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from screenalytics.commands.inputs import check_inputs

if TYPE_CHECKING:
    from contracts.events import Profile


async def run(
    video: Path,
    *,
    cast: Path | None,
    out: Path,
    episode: str | None,
    profile: Profile,
    keep: Path | None,
    force: bool,
    video_stream: int | None = None,
    as_json: bool,
) -> int:
    """Process one episode and show the result."""
    ep_id, members = check_inputs(video, episode=episode, cast=cast, out=out)
    from screenalytics.commands.episode import process

    return await process(
        video,
        ep_id=ep_id,
        is_named=episode is not None,
        members=members,
        out=out,
        profile=profile,
        keep=keep,
        force=force,
        video_stream=video_stream,
        as_json=as_json,
    )
