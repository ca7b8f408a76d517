"""The catalogue of error codes: what the code raises is in it, as what it says, and nothing else is."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import chassis
import contracts
import services
from chassis.errors import BadInput, WorkerDied
from chassis.http.errors import _CODES, _STATUS_OF, ApiError
from contracts.envelope import InvalidEvent
from contracts.error_codes import ERROR_CODES

ROOT = Path(contracts.__file__).parent.parent
CATALOGUE = {entry.code: entry for entry in ERROR_CODES}
BY_KEYWORD = {"ErrorBody": "code", "check_room": "code", "accept": "busy", "PictureVerdict": "code"}
"""Calls that give a code by keyword."""
BY_CALL = {"PictureAssessment": 0}
"""Calls that give one by position, besides exceptions."""


def kinds() -> dict[str, type[Exception]]:
    """Every exception that carries a code, by name."""
    for package in (contracts, chassis, services):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)

    def below(kind: type[Exception]) -> Iterator[type[Exception]]:
        yield kind
        for one in kind.__subclasses__():
            yield from below(one)

    return {kind.__name__: kind for root in (BadInput, WorkerDied, ApiError, InvalidEvent) for kind in below(root)}


def text_at(call: ast.Call, place: int) -> str | None:
    node = call.args[place] if len(call.args) > place else None
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def codes_in(tree: ast.AST, exceptions: dict[str, type[Exception]]) -> Iterator[tuple[str, str]]:
    """`(code, what raises or says it)` of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "code"]
            yield from ((str(value.value), "") for value in given if isinstance(value, ast.Constant))
        elif isinstance(node, ast.ClassDef) and node.name in exceptions:
            calls = [inner for inner in ast.walk(node) if isinstance(inner, ast.Call)]
            yield from ((text_at(call, 0) or "", node.name) for call in calls if name_of(call) == "__init__")
        elif isinstance(node, ast.Call):
            yield from codes_of_call(node, exceptions)


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def codes_of_call(call: ast.Call, exceptions: dict[str, type[Exception]]) -> Iterator[tuple[str, str]]:
    name = name_of(call)
    if name in exceptions:
        yield text_at(call, 1 if issubclass(exceptions[name], ApiError) else 0) or "", name
    elif name in BY_CALL:
        yield text_at(call, BY_CALL[name]) or "", name
    for keyword in call.keywords:
        if keyword.arg == BY_KEYWORD.get(name) and isinstance(keyword.value, ast.Constant):
            yield str(keyword.value.value), name


def raised() -> dict[str, set[str]]:
    """Code -> the names of what raises or says it."""
    exceptions = kinds()
    found: dict[str, set[str]] = {code: set() for code in _CODES.values()}
    for folder in ("contracts", "chassis", "services"):
        for path in (ROOT / folder).rglob("*.py"):
            for code, name in codes_in(ast.parse(path.read_text(encoding="utf-8")), exceptions):
                if re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", code):
                    found.setdefault(code, set()).add(name)
    return found


def test_the_catalogue_has_every_code_that_is_raised_and_no_other() -> None:
    found = raised()
    missing, unused = sorted(found.keys() - CATALOGUE), sorted(CATALOGUE.keys() - found)
    assert missing == [], "put them into contracts/error_codes.py, and run: python -m screenalytics.openapi.export"
    assert unused == [], "nothing raises them: take them out of contracts/error_codes.py"


@pytest.mark.parametrize(
    "code", ["unknown_upload", "object_missing", "several_faces", "near_duplicate", "link_history_full", "links_busy"]
)
def test_codes_are_found_however_they_are_given(code: str) -> None:
    assert code in raised()


@pytest.mark.parametrize(("kind", "status"), [(kind, status) for kind, status in _STATUS_OF])
def test_the_catalogue_says_the_status_that_is_answered(kind: type[BadInput], status: int) -> None:
    exceptions = kinds()
    for code, names in raised().items():
        if any(issubclass(exceptions[name], kind) for name in names if name in exceptions):
            assert status in CATALOGUE[code].told, f"{code} is answered with {status}"


def test_every_code_is_there_once_with_one_sentence_that_says_what_to_do() -> None:
    assert len(CATALOGUE) == len(ERROR_CODES)
    for entry in ERROR_CODES:
        assert re.fullmatch(r"[A-Z][^.]*(\.[^ .]+[^.]*)*\.", entry.advice), entry.code
