"""Text that is safe to print, and the one line of an error."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Mapping
from typing import TextIO

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that reorder the rest of a line; a name must not do that to the figures beside it."""


def printable(text: str) -> str:
    """Make text from outside safe for a terminal: one line, no escape sequences, no reordering of what follows."""
    kept = (
        " " if character.isspace() else character
        for character in text
        if character.isspace() or (unicodedata.category(character) != "Cc" and character not in BIDI_CONTROLS)
    )
    return " ".join("".join(kept).split())


def can_animate(stream: TextIO, environ: Mapping[str, str] | None = None) -> bool:
    """Whether a stream is a terminal on which lines may be redrawn and coloured.

    `NO_COLOR` and `CI` (set to anything but nothing, `0` or `false`) and `TERM=dumb` ask for plain lines.
    """
    environ = os.environ if environ is None else environ
    if environ.get("NO_COLOR") or environ.get("CI", "").lower() not in {"", "0", "false"}:
        return False
    return stream.isatty() and environ.get("TERM") != "dumb"


def render_error(code: str, sentence: str, *, colour: bool | None = None) -> str:
    """One line for an error: what is wrong and what to do, then the stable code to look up.

    `colour` None decides by standard error, where the line belongs.
    """
    colour = can_animate(sys.stderr) if colour is None else colour
    head = "\x1b[1;31merror:\x1b[0m" if colour else "error:"
    return f"{head} {printable(sentence)} [{printable(code)}]"
