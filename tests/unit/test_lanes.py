"""Whatever lane a test is in, it is run once, and a lane that fails is the failure of all."""

from __future__ import annotations

import pytest

from tests.lanes import NOTHING_CHOSEN, TESTS, command, lanes, verdict


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
