"""The states of a run."""

from __future__ import annotations

from typing import Literal

State = Literal["requested", "running", "finished", "failed", "cancelled", "superseded"]

REQUESTED: State = "requested"
"""Asked for and not planned yet: there is no document of the run, only the episode's note of who asked."""

OPEN: State = "running"
FINISHED: State = "finished"
FAILED: State = "failed"
CANCELLED: State = "cancelled"
SUPERSEDED: State = "superseded"
STATES: tuple[State, ...] = (OPEN, FINISHED, FAILED, CANCELLED, SUPERSEDED)
