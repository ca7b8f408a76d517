"""Every command that a page shows in a shell block is one, with options that it takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.deploy.checks import ROOT, command_parses

PAGES = sorted(path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts)
BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"


def commands(page: Path) -> list[list[str]]:
    """The arguments of each `screenalytics` in the page's shell blocks; those that leave something out are no commands."""
    lines = [
        line for block in BLOCK.findall(page.read_text("utf-8")) for line in block.replace("\\\n", " ").splitlines()
    ]
    found = [line.removeprefix("$ ").partition(" #")[0] for line in lines]
    return [shlex.split(line)[1:] for line in found if line.startswith("screenalytics ") and LEFT_OUT not in line]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.stem)
def test_the_commands_of_a_page_are_commands(page: Path) -> None:
    wrong = [" ".join(arguments) for arguments in commands(page) if not command_parses(arguments)]
    assert wrong == []


def test_pages_show_commands() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 40
