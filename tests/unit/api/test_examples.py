"""The reader of the API's documented examples sees every difference that it is there to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.api_examples import Example, Values, difference, read_examples

REQUEST = "```http\nPOST /things/{id}?a=1\nIf-Match: *\n\n{}\n```\n"
ANSWER = '```json\n{"success": true}\n```\n'


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ([1, "…"], [1, 2, 3]),
        ([], []),
        (1.5, 1.502),
        ("s3://x…", "s3://x/y"),
        ("…", None),
        ({"at": "then"}, {"at": "now"}),
        ("{known}", "k"),
        ("id-{known}", "id-k"),
    ],
)
def test_what_is_left_out_or_passes_is_no_difference(shown: Any, real: Any) -> None:
    assert not difference(shown, real, {"known": "k"})


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"b": 1}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}),
        ([1], [1, 2]),
        ([1, 2], [1]),
        ([1, "…"], [2, 3]),
        (1.5, 1.52),
        (1, True),
        (0, None),
        (None, 0),
        ("s3://x…", "s3://y"),
        ({"at": "then"}, {"at": None}),
        ({"at": "then"}, {}),
        ("{known}", "other"),
        ({}, []),
    ],
)
def test_every_other_value_is_a_difference(shown: Any, real: Any) -> None:
    assert difference(shown, real, {"known": "k"})


def test_an_answer_names_a_value_once_and_holds_later_ones_to_it() -> None:
    values: Values = {}
    assert not difference({"id": "{new}"}, {"id": "7"}, values)
    assert values == {"new": "7"}
    assert difference({"id": "{new}"}, {"id": "8"}, values)


def test_a_stream_is_compared_line_by_line_without_its_comments() -> None:
    shown = Example(
        operation="",
        method="GET",
        target="/",
        headers={},
        body="",
        form="text",
        answer='event: end\ndata: {"n":1}\n',
    )
    same = httpx.Response(200, text=': ping\r\n\r\nevent: end\r\ndata: {"n": 1, "more": 2}\r\n\r\n: ping\r\n\r\n')
    other = httpx.Response(200, text='event: end\r\ndata: {"n": 2}\r\n\r\n')
    assert not shown.difference(same, {})
    assert shown.difference(other, {})


def test_a_page_is_read_section_by_section(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Title\n{REQUEST}{ANSWER}\n## Part\n### make\nMakes.\n{REQUEST}{ANSWER}", encoding="utf-8")
    loose, made = read_examples(page)
    assert (loose.operation, made.operation) == ("", "make")
    assert (made.method, made.target, made.headers, made.body) == (
        "POST",
        "/things/{id}?a=1",
        {"If-Match": "*"},
        "{}\n",
    )


@pytest.mark.parametrize(
    "text", [f"### make\n{REQUEST}", "### make\nMakes.\n### take\n", f"### make\n{REQUEST}{REQUEST}{ANSWER}"]
)
def test_a_request_without_an_answer_and_an_operation_without_an_example_are_refused(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"has no example|without an answer"):
        read_examples(page)
