"""A video file on its way in: which episode it is, and whether it is one at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chassis.errors import BadInput
from screenalytics.events.growing_files import check_complete


def episode_id(given: str | None, video: Path) -> str:
    """The episode's id: as given, or made from the file's name.

    Raises:
        BadInput: bad_episode_id.
    """
    from contracts.ids import EP_ID_PATTERN

    if given is not None:
        lowered = given.strip().lower()
        if not re.match(EP_ID_PATTERN, lowered):
            raise BadInput("bad_episode_id", f"{given!r} is not an episode id: write it as my-show-s01e02.")
        return lowered
    from screenalytics.events.episode_names import name_episode

    return name_episode(video)


def check_file(video: Path) -> None:
    """Refuse what is no file.

    Raises:
        BadInput: no_such_file, not_a_video.
    """
    if not video.exists():
        raise BadInput("no_such_file", f"There is no file {video}; check the path.")
    if video.is_dir():
        raise BadInput("not_a_video", f"{video} is a folder; name a video file.")


def check_video(video: Path) -> None:
    """Refuse what is clearly no episode before anything is started.

    Raises:
        BadInput: with the code of what is wrong.
    """
    check_file(video)
    with _readable(str(video)):
        check_complete(video)
    check_video_at(str(video), str(video))


def check_video_at(address: str, name: str) -> None:
    """Refuse what is no episode, at a path or an http(s) address; `name` is what people call it.

    Raises:
        BadInput: with the code of what is wrong.
    """
    from services.ingest.video.probing import BadVideo, probe

    with _readable(name):
        try:
            probe(address)
        except BadVideo as error:
            raise BadInput(error.code, error.message) from error


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(
            "unreadable", f"{name} cannot be read ({error.strerror or error}); check its permissions."
        ) from error
