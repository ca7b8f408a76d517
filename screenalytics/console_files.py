"""The console's built files in front of the API.

**They hold no data**: what a page shows it asks the API for, as whoever is signed in.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.settings import S3Settings

INSTALLED = Path(__file__).parent / "console_dist"
"""Where an image has them; a source tree has them in `console/dist`."""

SMALLEST_ZIPPED = 1024
"""Bytes below which zipping does not pay."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True)
class BuiltFile:
    """A file as it is sent: with its type, its tag, and zipped where that is shorter."""

    content: bytes
    zipped: bytes | None
    media_type: str
    tag: str


def folder() -> Path | None:
    """Where the built files are; None where there are none."""
    found = (INSTALLED, Path(__file__).resolve().parent.parent / "console" / "dist")
    return next((path for path in found if (path / "index.html").is_file()), None)


def read(root: Path) -> dict[str, BuiltFile]:
    """Address -> file. `/` is the page."""
    files = {}
    for path in root.rglob("*"):
        if path.is_file() and path.name != "sources.sha256":
            files["/" if path.name == "index.html" else f"/{path.relative_to(root)}"] = built(path)
    return files


def built(path: Path) -> BuiltFile:
    """A file as it is sent."""
    content = path.read_bytes()
    zipped = gzip.compress(content, 9, mtime=0) if len(content) >= SMALLEST_ZIPPED else None
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return BuiltFile(content, zipped, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def answer(request: Request, file: BuiltFile, *, policy: str, kept: str) -> Response:
    """A file as a request wants it: not at all where the browser has it, zipped where it can read that.

    Args:
        policy: Content security policy of a page.
        kept: Whether and how long browsers keep it, as `Cache-Control` says it.
    """
    headers = HEADERS | {"ETag": file.tag, "Cache-Control": kept}
    if file.media_type == "text/html":
        headers["Content-Security-Policy"] = policy
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    content = file.content
    if file.zipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["Content-Encoding"] = file.zipped, "gzip"
    return Response(content, media_type=file.media_type, headers=headers)


def content_security_policy(store: str | None) -> str:
    """Nothing but the console's own files, the API, and pictures, videos and uploads of the store at its public address."""
    origins = " ".join(["'self'", *([store] if store else [])])
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob: {store or ''}".strip(),
            f"media-src {origins}",
            f"connect-src {origins}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    )


def store_origin(settings: S3Settings) -> str | None:
    """Scheme and host that presigned URLs name; None where nobody said it."""
    address = settings.public_endpoint_url or settings.endpoint_url
    if not address:
        return f"https://{settings.bucket}.s3.{settings.region}.amazonaws.com"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


class ConsoleFiles:
    """ASGI middleware that answers for the console's files and leaves every other path to the API."""

    def __init__(self, app: ASGIApp, files: Mapping[str, BuiltFile], policy: str) -> None:
        self._app = app
        self._files = files
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = (
            self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} else None
        )
        if found is None:
            await self._app(scope, receive, send)
            return
        is_hashed = scope["path"].startswith("/assets/")
        kept = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
        await answer(Request(scope), found, policy=self._policy, kept=kept)(scope, receive, send)
