"""`screenalytics run`: one episode from file to report.

What people give is looked at before anything dear is imported: a wrong path is told at once.
"""

from __future__ import annotations

import os
import sys
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
    console: bool = False,
) -> int:
    """Process one episode and show the result; with `console`, at a terminal, go on with the console until Ctrl-C."""
    ep_id, members = check_inputs(video, episode=episode, cast=cast, out=out)
    from contracts.events import STAGES
    from screenalytics.local.servers.forking import begin_loading

    nursery = begin_loading(STAGES)  # beside what is loaded here
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
        stays=console and not as_json and at_a_terminal(),
        nursery=nursery,
    )


def at_a_terminal() -> bool:
    """Whether somebody is there who reads an address and presses Ctrl-C: never in a pipe or in CI."""
    return sys.stdin.isatty() and sys.stdout.isatty() and not os.environ.get("CI")
