"""How objects are named: keys of artifacts, URIs, and the media types that their endings stand for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

MEDIA_TYPES = {
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".npy": "application/x-npy",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".zip": "application/zip",
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}


def get_artifact_path(kind: str, ep_id: str, *parts: str) -> str:
    """Key of an artifact: `artifacts/{kind}/{ep_id}/…`. Parts are plain names, so no path can leave the prefix.

    Raises:
        ValueError: when a part is empty, `..`, or has a slash or control character in it.
    """
    for part in (kind, ep_id, *parts):
        if not part or part in {".", ".."} or "/" in part or "\\" in part or any(ord(c) < 32 for c in part):
            raise ValueError(f"not a plain name: {part!r}")
    return "/".join(("artifacts", kind, ep_id, *parts))


def media_type_of(name: str) -> str:
    return MEDIA_TYPES.get(Path(name).suffix.lower(), "application/octet-stream")


def parse_uri(uri: str) -> tuple[str, str]:
    """Bucket and key of an `s3://` URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def name_of(uri: str) -> str:
    """Last part of a URI, for messages."""
    return unquote(urlsplit(uri).path.rsplit("/", 1)[-1])
