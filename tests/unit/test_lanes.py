"""Whatever lane a test is in, it is run once, and a lane that fails is the failure of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lanes as both
from tests.lanes import AGAIN_AT_MOST, NOTHING_CHOSEN, TESTS, command, lanes, main, unsteady, verdict


def test_every_test_is_in_one_lane() -> None:
    waiting, computing = lanes()
    folders = [*waiting, *computing]
    assert len(folders) == len(set(folders))
    files = {path.relative_to(TESTS.parent) for path in TESTS.glob("**/test_*.py")}
    assert files
    assert all("/".join(file.parts[:2]) in folders for file in files), "no tests beside the folders"
    assert {"tests/integration", "tests/e2e", "tests/cli", "tests/chaos"} <= set(waiting)


@pytest.mark.parametrize(
    ("statuses", "all_in_all"),
    [
        ((0, 0), 0),
        ((0, 1), 1),
        ((1, 0), 1),
        ((-9, 0), 1),
        ((0, NOTHING_CHOSEN), 0),
        ((2, NOTHING_CHOSEN), 1),
        ((NOTHING_CHOSEN, NOTHING_CHOSEN), NOTHING_CHOSEN),
    ],
)
def test_a_lane_that_fails_is_the_failure_of_all(statuses: tuple[int, int], all_in_all: int) -> None:
    assert verdict(statuses) == all_in_all


def test_options_are_those_of_every_lane() -> None:
    waiting, computing = (command(folders, ["-m", "not docker"], number=1)[-2:] for folders in lanes())
    assert waiting == computing == ["-m", "not docker"]


@pytest.mark.parametrize(
    ("failed", "may_be"),
    [
        ([], False),
        (["tests/console/test_a.py::test_b"], True),
        ([f"tests/e2e/test_a.py::test_{number}" for number in range(AGAIN_AT_MOST)], True),
        ([f"tests/e2e/test_a.py::test_{number}" for number in range(AGAIN_AT_MOST + 1)], False),
        (["tests/console/test_a.py::test_b", "tests/unit/test_a.py::test_b"], False),
    ],
)
def test_few_that_start_servers_may_have_failed_of_what_ran_beside_them(failed: list[str], may_be: bool) -> None:
    assert unsteady(failed) == may_be


STANDS = "def test_it(): pass"
PASSES_ALONE = """
from pathlib import Path
def test_it():
    tried = Path(__file__).with_suffix(".tried")
    before, _ = tried.exists(), tried.touch()
    assert before
"""
FAILS = "def test_it(): assert False"


@pytest.mark.parametrize(
    ("of_a_service", "of_the_console", "status", "told"),
    [
        (STANDS, STANDS, 0, False),
        (PASSES_ALONE, STANDS, 0, True),
        (PASSES_ALONE, PASSES_ALONE, 0, True),
        (STANDS, FAILS, 1, False),
        (FAILS, PASSES_ALONE, 1, True),
    ],
)
def test_what_passes_alone_is_told_and_no_failure(
    of_a_service: str,
    of_the_console: str,
    status: int,
    told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib")
    for folder, content in (("tests/e2e", of_a_service), ("tests/console", of_the_console)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "test_of.py").write_text(content)
    monkeypatch.setattr(both, "ROOT", tmp_path)
    monkeypatch.setattr(both, "lanes", lambda: (("tests/e2e",), ("tests/console",)))
    assert main(["-q"]) == status
    assert ("UNSTEADY" in capfd.readouterr().out) == told
