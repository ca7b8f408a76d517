"""How a command is sent to the API."""

from __future__ import annotations

from dataclasses import dataclass

WAIT_S = 10.0
"""How long a command waits for its effect to be reported."""


@dataclass(frozen=True, kw_only=True)
class CommandOptions:
    """How a command is given: why, for which version, whether its effect is waited for, and how it is answered."""

    why: str | None = None
    wait: bool = True
    version: int | None = None
    as_json: bool = False

    @property
    def wait_s(self) -> float | None:
        return WAIT_S if self.wait else None

    def if_match(self, read: str | None = None) -> str:
        """The version a command is meant for: the one asked for, or the one that was `read`, or whichever there is.

        Commands that say all they do (link this to that) take any version; those that depend on what was read, as undo
        does, are refused with 412 when it changed in between.
        """
        return f'"{self.version}"' if self.version is not None else read or "*"
