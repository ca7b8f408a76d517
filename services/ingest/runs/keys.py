"""Names and their order: where videos lie, and which of an episode's ids come before or after a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from ulid import ULID

from chassis.errors import Malformed

_SUFFIX = re.compile(r"\.([A-Za-z0-9]{1,8})\Z")
_SUFFIX_OF_MEDIA_TYPE = {"video/mp4": ".mp4", "video/x-matroska": ".mkv", "video/webm": ".webm"}
_LARGEST_RANDOM_PART = b"\xff" * 10


def video_folder(ep_id: str) -> str:
    """Prefix below which the videos of an episode lie."""
    return f"raw/videos/{ep_id}/"


def video_key(ep_id: str, sha256: str, suffix: str) -> str:
    """Key of a video: the same content has the same key."""
    return f"{video_folder(ep_id)}{sha256[:16]}{suffix}"


def upload_key(ep_id: str, upload_id: str, suffix: str) -> str:
    """Key of a video that nobody has checked yet."""
    return f"uploads/{ep_id}/{upload_id}{suffix}"


def check_key(key: str) -> None:
    """Refuse a key that some S3 servers and tools take for another one, as they resolve it like a path.

    Raises:
        Malformed: `bad_key`.
    """
    if not key.isprintable() or "\\" in key or not {"", ".", ".."}.isdisjoint(unquote(key).split("/")):
        raise Malformed(
            "bad_key", "The key has a part that is empty, . or .., or a character that no key has: rename it."
        )


def suffix_of(filename: str, media_type: str = "") -> str:
    """All that is taken over from an uploader's file name: `.mp4`; letters and digits, else nothing."""
    found = _SUFFIX.search(filename)
    return f".{found[1].lower()}" if found else _SUFFIX_OF_MEDIA_TYPE.get(media_type, "")


def last_id_at(at: datetime) -> str:
    """The greatest ULID of a millisecond: whatever was named until then is not greater."""
    milliseconds = int(at.timestamp() * 1000)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + _LARGEST_RANDOM_PART))


def time_after(now: datetime, ids: Iterable[str | None]) -> datetime:
    """A time, in whole milliseconds, whose ULIDs are greater than all of `ids`: now, unless another clock was ahead."""
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    later = [ULID.from_str(name).datetime + timedelta(milliseconds=2) for name in ids if name]
    latest = max([now, *later])
    return latest.astimezone(UTC).replace(microsecond=latest.microsecond // 1000 * 1000)


def id_after(now: datetime, ids: Iterable[str | None]) -> str:
    """A new ULID that is greater than all of `ids`."""
    milliseconds = int(time_after(now, ids).timestamp() * 1000)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + ULID().bytes[6:]))
