"""The first page of help."""

from __future__ import annotations

from itertools import chain

import typer
from typer.testing import CliRunner

from screenalytics.cli.app import app
from screenalytics.terminal.help_page import HEADINGS


def test_every_command_is_under_one_heading() -> None:
    known = set(typer.main.get_group(app).commands)
    listed = list(chain.from_iterable(HEADINGS.values()))
    assert len(listed) == len(set(listed))
    assert set(listed) == known


def test_help_shows_the_headings_and_whole_sentences() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    places = [shown.index(f"{heading}:") for heading in HEADINGS]
    assert places == sorted(places)
    _usage, commands = shown.split("\n", 1)
    assert "..." not in commands
