"""Opening what was uploaded, and saying what is wrong with it when it is no video."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import av.error
from av.container import InputContainer

from chassis.errors import BadInput, DependencyUnavailable
from chassis.video.container import OPEN_TIMEOUT_S, is_remote, open_video

_ISO_MEDIA_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"styp")
_MATROSKA_MARK = b"\x1a\x45\xdf\xa3"


class BadVideo(BadInput):
    """The video cannot be processed. `code` is stable, `message` is one sentence that says what to do."""


def opened(url: str) -> InputContainer:
    """The file, positioned at its start.

    Raises:
        BadVideo: `video_missing`, `empty_file`, `truncated_video` or `not_a_video`.
        DependencyUnavailable: when the object store does not answer.
    """
    if not is_remote(url) and not Path(url).exists():
        raise BadVideo("video_missing", "The video is not there any more; upload it again.")
    try:
        return open_video(url)
    except (av.error.HTTPNotFoundError, av.error.HTTPForbiddenError, av.error.FileNotFoundError) as error:
        raise BadVideo("video_missing", "The video is not there any more; upload it again.") from error
    except av.error.FFmpegError as error:
        raise _why_not_opened(_first_bytes(url)) from error


def _first_bytes(url: str) -> bytes:
    """Up to 64 bytes from the start of the file."""
    if not is_remote(url):
        with Path(url).open("rb") as file:
            return file.read(64)
    request = urllib.request.Request(url, headers={"Range": "bytes=0-63"})  # noqa: S310 - only http(s), see above
    try:
        with urllib.request.urlopen(request, timeout=OPEN_TIMEOUT_S) as answer:  # noqa: S310
            return bytes(answer.read(64))
    except urllib.error.HTTPError as error:
        if error.code == 416:  # there is no first byte
            return b""
        raise DependencyUnavailable("s3", f"the video could not be read (HTTP {error.code})") from error
    except OSError as error:
        raise DependencyUnavailable("s3", f"the video could not be read ({type(error).__name__})") from error


def _why_not_opened(head: bytes) -> BadVideo:
    if not head:
        return BadVideo("empty_file", "The file is empty; upload the video again.")
    if head[4:8] in _ISO_MEDIA_BOXES or head.startswith(_MATROSKA_MARK):
        return BadVideo(
            "truncated_video", "The video file is incomplete (its index is missing); upload the whole file again."
        )
    return BadVideo("not_a_video", "The file is not a video of a known format; upload an MP4, MKV, WebM, AVI or TS.")
