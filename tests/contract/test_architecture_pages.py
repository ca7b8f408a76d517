"""Every file, folder and name that the pages on the architecture mention is there."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from contracts.topics import TOPICS

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted((ROOT / "docs/architecture").glob("*.md"))
OF_DATA = (".json", ".jsonl", ".npy", ".parquet")
PATH = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(py|md|toml|yaml)")
OF_MODULE = re.compile(r"(\w+(?:/\w+)+)\.(?!py$|md$|toml$|yaml$)(\w+)(?:\(\))?")
MEMBER = re.compile(r"[\w/]+(?:\.py)?\.([a-z_]\w*)(?:\(\))?")
NAME = re.compile(r"([A-Z]\w*[a-z]\w*|[a-z]+_\w+)(?:\(\))?")
DEFINED = re.compile(r"^\s*(?:(?:async )?def|class) (\w+)|^\s*(\w+)\s*[:=]|[\"'](\w+)[\"']", re.MULTILINE)


@cache
def known() -> tuple[frozenset[str], frozenset[str]]:
    """Paths of all files and folders, and every name that a Python file defines or spells out."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    files = [Path(name) for name in listed if (ROOT / name).exists()]
    paths = {str(path) for file in files for path in (file, *file.parents)}
    names: set[str] = set()
    for file in files:
        if file.suffix == ".py" and file.parts[0] != "tests":
            names |= {name for found in DEFINED.findall((ROOT / file).read_text("utf-8")) for name in found if name}
    return frozenset(paths), frozenset(names)


def mentioned(page: Path) -> set[str]:
    """What a page has in backticks, but for blocks."""
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)))


def is_there(word: str) -> bool:
    """Whether what a word names exists; words that name nothing of the repository do."""
    paths, names = known()
    if word.endswith(OF_DATA) or word in {topic.name for topic in TOPICS}:
        return True
    if found := OF_MODULE.fullmatch(word):
        return is_there(f"{found[1]}.py") and found[2] in names
    if PATH.fullmatch(word):
        path = word.rstrip("/")
        return any(one == path or one.endswith(f"/{path}") for one in paths)
    found = MEMBER.fullmatch(word) or NAME.fullmatch(word)
    return found is None or found[1] in names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert [word for word in sorted(mentioned(page)) if not is_there(word)] == []


@pytest.mark.parametrize(
    "word",
    ["chassis/nothing.py", "detector/handlers.segment_lost", "services/nobody/", "recognise_nobody", "NoSuchClass"],
)
def test_what_is_not_there_is_seen(word: str) -> None:
    assert not is_there(word)
