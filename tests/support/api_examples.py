"""The examples in docs/api/*.md, read so that a test can execute them.

A section `### operation_id` has a sentence, a request block (```http) and an answer block (```json, or ```text where the
answer is a file or a stream). `{name}` in a request is a variable; a string `"{name}"` in an answer names the variable that
this value is from then on. `"…"` stands for whatever was left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECTION = re.compile(r"^### (\w+)\n(.*?)(?=^#{1,3} |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\{([a-z_0-9]+)\}")
LEFT_OUT = "…"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One documented request and its (shortened) answer; `answer` None where that is not JSON."""

    operation: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: str | None
    answer: Any

    def filled(self, text: str, variables: Mapping[str, str]) -> str:
        """A text with the variables' values; raises KeyError for one that no earlier answer gave."""
        return _VARIABLE.sub(lambda found: variables[found[1]], text)


def read_examples(folder: Path) -> list[Example]:
    """All examples, file by file in the order of their names."""
    return [example for path in sorted(folder.glob("*.md")) for example in _read(path)]


def _read(path: Path) -> Iterator[Example]:
    for section in _SECTION.finditer(path.read_text(encoding="utf-8")):
        operation, text = section.groups()
        blocks = dict(reversed(_BLOCK.findall(text)))
        if "http" not in blocks:
            raise ValueError(f"{path.name}: {operation} has no request")
        head, _, body = blocks["http"].partition("\n\n")
        request, *headers = head.strip().splitlines()
        method, target = request.split(" ", 1)
        yield Example(
            operation=operation,
            method=method,
            target=target.strip(),
            headers=dict(line.split(": ", 1) for line in headers),
            body=body.strip() or None,
            answer=json.loads(blocks["json"]) if "json" in blocks else None,
        )


def compare(documented: Any, found: Any, variables: dict[str, str], where: str = "the answer") -> None:
    """Hold an answer to what is documented, and note the variables it names.

    Every documented key must be there with a value of the same kind; values themselves differ from system to system.

    Raises:
        AssertionError: naming the place that differs.
    """
    if documented == LEFT_OUT or documented is None or found is None:
        return
    if isinstance(documented, str) and (name := _VARIABLE.fullmatch(documented)):
        variables[name[1]] = str(found)
    elif isinstance(documented, dict):
        assert isinstance(found, dict), f"{where} is {found!r}, documented is an object"
        for key, value in documented.items():
            if key != LEFT_OUT:
                assert key in found, f"{where} has no {key}: {found!r}"
                compare(value, found[key], variables, f"{where}.{key}")
    elif isinstance(documented, list):
        assert isinstance(found, list), f"{where} is {found!r}, documented is a list"
        shown = [item for item in documented if item != LEFT_OUT]
        assert len(found) >= min(len(shown), 1), f"{where} is empty, documented is {documented!r}"
        for number, (one, other) in enumerate(zip(shown, found, strict=False)):
            compare(one, other, variables, f"{where}[{number}]")
    else:
        kinds = (
            (int, float)
            if isinstance(documented, int | float) and not isinstance(documented, bool)
            else type(documented)
        )
        assert isinstance(found, kinds), f"{where} is {found!r}, documented is {documented!r}"
