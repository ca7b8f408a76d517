"""One disturbed machine for the chaos tests. Without `-m chaos` only a short part of them runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from screenalytics.local.servers import check_installed
from tests.chaos.harness import VIDEO, Campaign, campaign_on
from tests.chaos.machine import chaos_machine

SEED = 1
HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long part out where it was not asked for."""
    if wants_all(config):
        return
    long_part = [item for item in items if HERE in item.path.parents and item.get_closest_marker("e2e") is None]
    config.hook.pytest_deselected(items=long_part)
    items[:] = [item for item in items if item not in long_part]


def wants_all(config: pytest.Config) -> bool:
    """Whether the whole matrix was asked for."""
    return "chaos" in config.getoption("markexpr")


@pytest_asyncio.fixture(scope="package")
async def campaign(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Campaign]:
    """A machine whose undisturbed result is known. Its logs stay in pytest's temporary folder."""
    missing = check_installed()
    if missing:
        pytest.skip(f"embedded servers missing: {missing}")
    if not VIDEO.exists():
        pytest.skip("the labelled episodes are not here")
    in_flight, repeats = (3, 2) if wants_all(request.config) else (1, 0)
    async with (
        chaos_machine(tmp_path_factory.mktemp("chaos")) as machine,
        campaign_on(machine, seed=SEED, in_flight=in_flight, repeats=repeats) as running,
    ):
        yield running
