"""The examples in docs/api/*.md, read, sent and compared with what the API really answers.

An example is a request block (```http) and the answer block after it: ```json, or ```text where the answer is a file or a
stream. Below a heading `### operation_id` it is the example of that operation. `{name}` stands for a value: of the test,
or of an earlier answer, which names it by being `"{name}"` itself.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

PAGES = Path(__file__).parents[2] / "docs" / "api"
LEFT_OUT = "…"
PASSING = frozenset({"at", "next_cursor", "rate", "seconds_left"})
"""Fields whose values are others every time: they have to be there, and of the same type."""

_PIECE = re.compile(r"^(#{1,3}) ([^\n]+)$|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_COMMENT = re.compile(r"^:.*\n\n?", re.MULTILINE)
_DATA = "data: "

Values = dict[str, str | bytes]
"""What the variables of the examples stand for; answers add to it."""
Work = Callable[[], Awaitable[None]]
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Example:
    """One documented request and its answer. `operation` is empty where it shows no particular one."""

    operation: str
    method: str
    target: str
    headers: dict[str, str]
    body: str
    form: str
    answer: str

    @property
    def succeeds(self) -> bool:
        """What is documented is no error, neither as an ApiResult nor as RFC 9457 has it."""
        shown = json.loads(self.answer) if self.form == "json" else {}
        return bool(shown.get("success", shown.get("status", 200) < 400))

    async def send(self, client: httpx.AsyncClient, values: Values) -> httpx.Response:
        """Send the request; raises KeyError for a variable that nobody has given a value."""
        headers = {name: _filled(text, values).decode() for name, text in self.headers.items()}
        body = self.body
        if "Content-Type" in headers:
            body = body.replace("\n", "\r\n")
        elif body:
            headers["Content-Type"] = "application/json"
        target = _filled(self.target, values).decode()
        return await client.request(self.method, target, headers=headers, content=_filled(body, values))

    def difference(self, real: httpx.Response, values: Values) -> str:
        """Where a real answer is another one than the documented; empty where nowhere."""
        if self.form == "json":
            return difference(json.loads(self.answer), real.json(), values)
        return _difference_of_lines(self.answer, real.text, values)


async def hold(page: str, client: httpx.AsyncClient, values: Values, *, meanwhile: Work | None = None) -> None:
    """Send the examples of a page in their order and hold the answers to it.

    Args:
        meanwhile: Called again and again while a request runs and once after it: what the service does with events.

    Raises:
        AssertionError: naming the first place that is not as documented.
    """
    for example in read_examples(PAGES / page):
        answer = await while_working(example.send(client, values), meanwhile)
        where = f"{page}: {example.operation or example.target}"
        assert answer.is_success is example.succeeds, f"{where}: {answer.status_code} {answer.text[:1000]}"
        found = example.difference(answer, values)
        assert not found, f"{where}: {found} in {answer.text[:4000]}"


async def while_working(asked: Coroutine[Any, Any, T], meanwhile: Work | None) -> T:
    """What is asked for, with the service doing its work until it is there, and then what is left."""
    task = asyncio.create_task(asked)
    while meanwhile and not task.done():
        await meanwhile()
        await asyncio.sleep(0.01)
    answer = await task
    if meanwhile:
        await meanwhile()
    return answer


def read_program(page: str) -> tuple[str, str]:
    """The Python program of a page, and what the page says it prints."""
    blocks = [found[2:] for found in _PIECE.findall((PAGES / page).read_text(encoding="utf-8")) if found[2]]
    at = [form for form, _ in blocks].index("python")
    return blocks[at][1], blocks[at + 1][1]


def read_examples(page: Path) -> list[Example]:
    """The examples of a page in their order.

    Raises:
        ValueError: when a request has no answer, or an operation no example.
    """
    return list(_read(page.read_text(encoding="utf-8")))


def _read(text: str) -> Iterator[Example]:
    operation, waiting, request = "", "", None
    for marks, title, form, content in [*_PIECE.findall(text), ("#", "The end", "", "")]:
        if (marks or form == "http") and request is not None:
            raise ValueError(f"a request without an answer: {request}")
        if marks and waiting:
            raise ValueError(f"{waiting} has no example")
        if marks:
            operation = waiting = title if marks == "###" else ""
        elif form == "http":
            request = content
        elif request is not None:
            yield _example(operation, request, form, content)
            waiting, request = "", None


def _example(operation: str, request: str, form: str, answer: str) -> Example:
    head, _, body = request.partition("\n\n")
    first, *headers = head.strip().splitlines()
    method, target = first.split(" ", 1)
    return Example(
        operation=operation,
        method=method,
        target=target,
        headers=dict(line.split(": ", 1) for line in headers),
        body=body,
        form=form,
        answer=answer,
    )


def _filled(text: str, values: Values) -> bytes:
    """A text with the values of its variables."""

    def value(found: re.Match[bytes]) -> bytes:
        known = values[found[1].decode()]
        return known if isinstance(known, bytes) else known.encode()

    return re.sub(_VARIABLE.pattern.encode(), value, text.encode())


def difference(shown: Any, real: Any, values: Values, where: str = "the answer") -> str:
    """Where an answer lacks something that is shown or is otherwise; empty where nowhere.

    Objects may have more than is shown; lists only where `…` stands at their end. Numbers with a point are compared to a
    hundredth, a text with `…` up to there.
    """
    if shown == LEFT_OUT:
        return ""
    if isinstance(shown, str) and isinstance(real, str):
        return _difference_of_texts(shown, real, values, where)
    if isinstance(shown, dict) and isinstance(real, dict):
        return _difference_of_objects(shown, real, values, where)
    if isinstance(shown, list) and isinstance(real, list):
        return _difference_of_lists(shown, real, values, where)
    if isinstance(shown, float):
        return "" if real == pytest.approx(shown, abs=0.01) else f"{where}: {shown} is {real}"
    return "" if type(shown) is type(real) and shown == real else f"{where}: {shown!r} is {real!r}"


def _difference_of_texts(shown: str, real: str, values: Values, where: str) -> str:
    if (variable := _VARIABLE.fullmatch(shown)) is not None:
        values.setdefault(variable[1], real)
    shown = _VARIABLE.sub(lambda found: str(values.get(found[1], found[0])), shown)
    start, left_out, _ = shown.partition(LEFT_OUT)
    same = real.startswith(start) if left_out else real == shown
    return "" if same else f"{where}: {shown!r} is {real!r}"


def _difference_of_objects(shown: dict[str, Any], real: dict[str, Any], values: Values, where: str) -> str:
    if missing := sorted(set(shown) - set(real)):
        return f"{where} lacks {missing}"
    for name, value in shown.items():
        if name in PASSING:
            found = "" if type(value) is type(real[name]) else f"{where}.{name}: {value!r} is {real[name]!r}"
        else:
            found = difference(value, real[name], values, f"{where}.{name}")
        if found:
            return found
    return ""


def _difference_of_lists(shown: list[Any], real: list[Any], values: Values, where: str) -> str:
    goes_on = shown[-1:] == [LEFT_OUT]
    items = shown[:-1] if goes_on else shown
    if len(real) < len(items) or (len(real) > len(items) and not goes_on):
        return f"{where} has {len(real)} items, not {len(items)}"
    pairs = enumerate(zip(items, real, strict=False))
    return next((found for i, (a, b) in pairs if (found := difference(a, b, values, f"{where}[{i}]"))), "")


def _difference_of_lines(shown: str, real: str, values: Values) -> str:
    """Of a file or a stream; comments that keep a stream open (`: ping`) are no part of it."""
    real = _COMMENT.sub("", "\n".join(real.splitlines()))
    documented, found = ([_piece(line) for line in text.strip().splitlines()] for text in (shown, real))
    return _difference_of_lists(documented, found, values, "the text")


def _piece(line: str) -> Any:
    return {_DATA: json.loads(line.removeprefix(_DATA))} if line.startswith(_DATA) else line
