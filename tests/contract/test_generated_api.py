"""The committed OpenAPI document and client are those that the code describes."""

from __future__ import annotations

import re
from collections import Counter

from chassis.http.errors import ERROR_RESPONSES
from chassis.http.open_routes import SIGN_IN_OPTIONS
from screenalytics.openapi import export
from tests.support.api_examples import PAGES, read_examples


def test_the_committed_api_is_the_described_one() -> None:
    assert export.drift() == [], "run: python -m screenalytics.openapi.export"


def test_every_operation_has_its_own_name_a_summary_and_the_common_errors() -> None:
    document = export.openapi()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = Counter(operation["operationId"] for operation in operations)
    assert [name for name, count in names.items() if count > 1] == []
    for operation in operations:
        assert operation.get("description"), f"{operation['operationId']} has no summary"
        assert {"401", "403", "404", "422", "429", "503"} <= operation["responses"].keys(), operation["operationId"]


def test_only_what_browsers_ask_before_they_are_signed_in_needs_no_credentials() -> None:
    operations = [(path, one) for path, methods in export.openapi()["paths"].items() for one in methods.values()]
    assert {path for path, one in operations if not one.get("security")} == {SIGN_IN_OPTIONS}


def test_every_operation_has_one_example_that_calls_it_and_no_other_is_documented() -> None:
    described = {
        operation["operationId"]: (method.upper(), re.sub(r"\{[^}]+\}", "[^/]+", path))
        for path, methods in export.openapi()["paths"].items()
        for method, operation in methods.items()
    }
    examples = [example for page in sorted(PAGES.glob("*.md")) for example in read_examples(page) if example.operation]
    assert sorted(example.operation for example in examples) == sorted(described)
    for example in examples:
        method, path = described[example.operation]
        target = example.target.partition("?")[0]
        assert (example.method, re.fullmatch(path, target) is not None) == (method, True), example.operation


def test_the_page_about_all_names_every_error_status() -> None:
    page = (PAGES / "README.md").read_text(encoding="utf-8")
    named = {int(status) for status in re.findall(r"^\| (\d{3}) \|", page, re.MULTILINE)}
    assert named == {*ERROR_RESPONSES, 405, 500}
