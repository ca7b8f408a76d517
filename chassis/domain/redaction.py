"""Taking somebody's name out of what people wrote. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

ERASED = "(erased)"


def redact(text: str, names: Iterable[str]) -> str:
    """The text with every whole occurrence of a name replaced, whatever its case and the spaces in it."""
    for name in sorted({name for name in names if name.strip()}, key=len, reverse=True):
        words = r"\s+".join(re.escape(word) for word in name.split())
        text = re.sub(rf"(?<![\w-]){words}(?![\w-])", ERASED, text, flags=re.IGNORECASE)
    return text
