"""Running a command that waits for others, as every command with an event loop does."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, NoReturn

import typer

from screenalytics.commands.ending import run_to_its_end


def run_and_exit(coroutine: Coroutine[Any, Any, int | None]) -> NoReturn:
    """Run a command to its end and exit with its status, 0 where it returned none."""
    raise typer.Exit(run_to_its_end(coroutine))
