"""The console that is served is the one of the sources."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The build's module over a copy of the console, as on a machine without Node."""
    spec = importlib.util.spec_from_file_location("console_build", ROOT / "scripts/console.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "console_build", module)
    spec.loader.exec_module(module)
    copy = tmp_path / "console"
    for name, content in module.sources().items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(content)
    for name in ("src/api/types.ts", "src/api/operations.ts", "dist/sources.sha256"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes((ROOT / "console" / name).read_bytes())
    monkeypatch.setattr(module, "CONSOLE", copy)
    monkeypatch.setattr(module, "DIST", copy / "dist")
    return module


def test_the_committed_build_is_of_the_committed_sources(console: ModuleType) -> None:
    assert console.drift() == []


def test_a_changed_source_is_noticed_without_node(console: ModuleType) -> None:
    (console.CONSOLE / "src/App.svelte").write_text("<p>other</p>")
    assert console.drift() == ["console/dist"]


def test_only_operations_that_the_console_calls_make_its_build_stale(console: ModuleType) -> None:
    operations = console.CONSOLE / "src/api/operations.ts"
    text = operations.read_text()
    operations.write_text(text.replace("`/audit`", "`/elsewhere`"))
    assert console.drift() == []
    operations.write_text(text.replace("`/episodes/${segment(epId)}/status`", "`/elsewhere`"))
    assert console.drift() == ["console/dist"]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = (ROOT / "console/dist/index.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert "<style" not in page
    assert "<script>" not in page
