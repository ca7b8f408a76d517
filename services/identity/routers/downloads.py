"""Files as answers: with a name that nobody else chose."""

from __future__ import annotations

import re

from fastapi import Response

_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,250}")


def file_answer(content: str | bytes, *, name: str, media_type: str) -> Response:
    """A download. Names come from checked ids; anything that could end the header or name a path is a defect."""
    if not _SAFE_NAME.fullmatch(name):
        raise ValueError(f"not a safe file name: {name!r}")
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=disposition)
