"""The page on the catalogue and the notebook show what happens."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import pytest_asyncio

from screenalytics.catalogue.schema import COLUMNS, SCHEMA_VERSION
from screenalytics.catalogue.views import views
from tests.support.catalogued_show import write_catalogue

ROOT = Path(__file__).parents[4]
PAGE = (ROOT / "docs" / "catalogue.md").read_text("utf-8")
NOTEBOOK = json.loads((ROOT / "examples" / "catalogue.ipynb").read_text("utf-8"))
TYPES = {
    pa.string(): "text",
    pa.float64(): "double",
    pa.int32(): "integer",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.list_(pa.string()): "list of text",
    pa.map_(pa.string(), pa.string()): "map of text to text",
}


@pytest_asyncio.fixture(autouse=True)
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    await write_catalogue(tmp_path / "catalogue")
    (tmp_path / "catalogue" / "views.sql").write_text(views(str(tmp_path / "catalogue")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def printed(code: str, names: dict[str, Any]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "example", "exec"), names)
    return out.getvalue()


def test_the_page_shows_what_its_program_prints() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    (shown,) = re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert printed(code, {}).strip() == shown.strip()


def test_every_column_is_described() -> None:
    for table, columns in COLUMNS.items():
        _, _, described = PAGE.partition(f"### {table}\n")
        rows = re.findall(
            r"^\| `(\w+)` \| ([a-z ]+)(, never null)? \| (.*?) ?\|$", described.partition("\n##")[0], re.MULTILINE
        )
        assert rows == [
            (one.name, TYPES[one.type], "" if one.nullable else ", never null", one.meaning) for one in columns
        ], table
    assert f"schema, {SCHEMA_VERSION}, in their metadata" in PAGE


def test_the_notebook_prints_what_it_shows() -> None:
    assert os.environ.get("CATALOGUE") is None
    names: dict[str, Any] = {}
    cells = [cell for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 4
    for cell in cells:
        (output,) = cell["outputs"]
        assert printed("".join(cell["source"]), names) == "".join(output["text"]), cell["id"]


def test_the_notebook_is_one() -> None:
    """The fields that version 4.5 of the format requires."""
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in NOTEBOOK["cells"]}) == len(NOTEBOOK["cells"])
    for cell in NOTEBOOK["cells"]:
        assert {"cell_type", "id", "metadata", "source"} <= cell.keys()
        assert (cell["cell_type"] == "code") == ("outputs" in cell and "execution_count" in cell)
