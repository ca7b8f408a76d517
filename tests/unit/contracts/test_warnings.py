from __future__ import annotations

import ast
from pathlib import Path

import pytest

from contracts.events import SegmentTracked
from contracts.rows import ScreenTimeDocument
from contracts.warnings import WARNING_CODES, Warning, noted, sentences

ROOT = Path(__file__).parents[3]
MAKERS = {"Warning.of", "warn"}


def codes_in_use() -> set[str]:
    """First arguments of every `Warning.of` and `warn` in the source."""
    found = set()
    for path in (ROOT / "services").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(args=[ast.Constant(value=str(code)), *_]) if ast.unparse(node.func) in MAKERS:
                    found.add(code)
    return found


def test_every_code_that_is_used_is_in_the_list() -> None:
    assert codes_in_use() <= set(WARNING_CODES)


def test_the_page_of_warnings_lists_every_code_with_its_meaning() -> None:
    page = (ROOT / "docs" / "warnings.md").read_text(encoding="utf-8")
    for code, meaning in WARNING_CODES.items():
        assert f"| `{code}` | {meaning} |" in page, code


def test_a_code_that_nobody_explained_is_refused() -> None:
    with pytest.raises(ValueError, match="made_up"):
        Warning.of("made_up", "Something.")


def test_a_warning_without_a_place_has_none() -> None:
    assert Warning.of("file_damaged", "The file is damaged.").where is None
    placed = Warning.of("picture_missing", "There is a hole.", start_s=4.0, end_s=8.0, segment=0)
    assert placed.where is not None
    assert (placed.where.start_s, placed.where.segment) == (4.0, 0)


def test_a_reader_takes_codes_of_later_releases_and_results_of_earlier_ones() -> None:
    assert Warning.model_validate({"code": "of_tomorrow", "sentence": "What?", "severity": 3}).code == "of_tomorrow"
    assert sentences(noted(["One.", "One.", ""])) == ("One.",)
    assert ScreenTimeDocument.model_fields["warning_details"].default == ()
    assert SegmentTracked.model_fields["warnings"].default == ()
