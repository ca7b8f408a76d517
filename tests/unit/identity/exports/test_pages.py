"""Every form has a page whose example is what the command in it gives."""

from __future__ import annotations

import io
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any, get_args

import pytest

from services.identity.exports.appearances import BOXES, FILES, Exchange, ExportForm, write_appearances, write_boxes
from services.identity.exports.clips import Cutting
from services.identity.exports.tidy import COLUMNS
from tests.support.exported_episode import EP, exported_boxes, exported_episode

PAGES = Path(__file__).parents[4] / "docs" / "exports"
EXAMPLE = re.compile(r"```sh\n(?P<command>.+)\n```\n\n```\w+\n(?P<text>.*)\n```\n\Z", re.DOTALL)


def form_of(options: list[str]) -> ExportForm:
    """What the options of a command ask for."""
    given = list(zip(options[::2], options[1::2], strict=True))
    plain: dict[str, Any] = {
        name[2:].replace("-", "_"): value for name, value in given if name not in {"--cast", "--handles"}
    }
    handles = sum(float(value) for name, value in given if name == "--handles")
    people = tuple(value for name, value in given if name == "--cast")
    return ExportForm(people=people, cutting=Cutting(handles_s=handles), **plain)


def written(exchange: Exchange, options: list[str]) -> str:
    """What the command gives; of an archive the names of the files, each with its content."""
    document = exported_episode()
    if exchange not in BOXES:
        return write_appearances(document, exchange, form_of(options), rate_name="25")
    wanted = frozenset(value for name, value in zip(options[::2], options[1::2], strict=True) if name == "--cast")
    content = write_boxes(exported_boxes(document, wanted), exchange)
    if isinstance(content, str):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "".join(f"== {name}\n{archive.read(name).decode()}" for name in archive.namelist())


@pytest.mark.parametrize("exchange", get_args(Exchange))
def test_the_example_of_a_page_is_what_its_command_gives(exchange: Exchange) -> None:
    found = EXAMPLE.search((PAGES / f"{exchange}.md").read_text("utf-8"))
    assert found is not None
    program, verb, ep_id, form, *options = shlex.split(found["command"])
    assert (program, verb, ep_id, form) == ("screenalytics", "export", EP, exchange)
    text = written(exchange, options)
    assert text.replace("\r\n", "\n").rstrip("\n") == found["text"]


def test_the_codebook_has_every_column_of_the_table_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (PAGES / "tidy.md").read_text("utf-8"), re.MULTILINE)
    assert tuple(rows) == COLUMNS


def test_the_first_page_leads_to_every_form() -> None:
    first = (PAGES / "README.md").read_text("utf-8")
    assert all(f"[`{exchange}`]({exchange}.md)" in first for exchange in get_args(Exchange))
    assert FILES.keys() == set(get_args(Exchange))
