"""The first page of help: commands under headings, in the order people need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from typer.core import TyperGroup

HEADINGS: Mapping[str, Sequence[str]] = {
    "An episode from file to report": ("run", "up", "sample", "doctor", "models"),
    "Episodes, casts, and what people are owed": ("episodes", "cast", "privacy"),
    "Who is in an episode": ("identities", "tracks", "suggest", "link", "unlink", "rename", "lock", "unlock"),
    "One person or two": ("merge", "split", "apart", "move", "drop", "restore"),
    "What was done, and what came out": (
        "undo",
        "redo",
        "history",
        "export",
        "totals",
        "find",
        "compare",
        "proof",
        "verify",
    ),
    "Running it": (
        "serve",
        "config",
        "topics",
        "indexes",
        "rights",
        "keys",
        "runs",
        "dlq",
        "webhooks",
        "retention",
        "emit",
        "watch",
        "tail",
        "catalogue",
    ),
}
A_SENTENCE = 200


class GroupedCommands(TyperGroup):
    """Lists commands by `HEADINGS` instead of one after the other."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, names in HEADINGS.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (name, command.get_short_help_str(A_SENTENCE))
                        for name, command in commands
                        if command is not None
                    ]
                )
