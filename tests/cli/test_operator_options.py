"""The options that commands share are the same for each of them."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from screenalytics.cli.app import app
from screenalytics.cli.operator.options import Episode, Preview, commanding
from screenalytics.commands.operator.command_options import CommandOptions

COMMANDING = (
    *("merge", "split", "move", "drop", "restore", "rename", "lock", "unlock", "apart"),
    *("suggest", "link", "unlink", "undo", "redo"),
)
HOW = ["why", "no_wait", "if_version", "as_json"]


def commands() -> dict[str, Any]:
    found: Any = typer.main.get_command(app)
    return dict(found.commands)


@pytest.mark.parametrize("verb", COMMANDING)
def test_every_verb_that_commands_says_how_in_the_same_words(verb: str) -> None:
    mine, others = commands()[verb].params, commands()["link"].params
    assert [one.name for one in mine[-4:]] == HOW
    assert [(one.opts, one.help) for one in mine[-4:]] == [(one.opts, one.help) for one in others[-4:]]
    assert all(one.help for one in mine), "an argument that nobody explains"


def test_a_verb_gets_its_own_arguments_and_the_manner() -> None:
    seen: list[object] = []

    @commanding
    def verb(episode: Episode, manner: CommandOptions, preview: Preview = False) -> None:
        seen.extend([episode, manner, preview])

    own = typer.Typer(rich_markup_mode=None)
    own.command()(verb)
    own(["my-show-s01e01", "--why", "her voice", "--if-version", "3", "--no-wait", "--json"], standalone_mode=False)
    own(["my-show-s01e01", "--preview"], standalone_mode=False)
    asked = CommandOptions(why="her voice", wait=False, version=3, as_json=True)
    assert seen == ["my-show-s01e01", asked, False, "my-show-s01e01", CommandOptions(), True]
