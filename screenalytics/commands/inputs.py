"""What people name on the command line, looked at from cheap to dear: that a file is missing is told before it is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from screenalytics.events.output import prepare_output
from screenalytics.events.videos import check_file, check_video, episode_id

if TYPE_CHECKING:
    from screenalytics.events.cast_folder import CastFolder


def check_inputs(video: Path, *, episode: str | None, cast: Path | None, out: Path | None) -> tuple[str, CastFolder]:
    """The episode's id and its cast.

    Raises:
        BadInput: with the code of what is wrong.
    """
    check_file(video)
    from screenalytics.events.cast_folder import CastFolder, read_cast_folder

    ep_id = episode_id(episode, video)
    members = read_cast_folder(cast) if cast is not None else CastFolder()
    check_video(video)
    if out is not None:
        prepare_output(out)
    return ep_id, members
