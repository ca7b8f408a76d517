"""Files as answers: with a name that nobody else chose."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from fastapi import Request, Response

KEPT = "private, max-age=86400, immutable"
"""How long a browser may keep a picture without asking: an erasure reaches what is kept within a day."""
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}, "description": "The picture."},
    304: {"description": "You have it."},
}
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,250}")


def file_answer(content: str | bytes, *, name: str, media_type: str) -> Response:
    """A download. Names come from checked ids; anything that could end the header or name a path is a defect."""
    if not _SAFE_NAME.fullmatch(name):
        raise ValueError(f"not a safe file name: {name!r}")
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=disposition)


def picture_answer(request: Request, content: bytes) -> Response:
    """A JPEG that its address names by content: browsers keep it, and ask with its ETag when they have it."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": KEPT, "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="image/jpeg", headers=headers)
