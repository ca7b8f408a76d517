"""Whatever is killed, stopped, cut off or repeated: the same result, and nothing lost or doubled for subscribers.

`pytest -m chaos tests/chaos` runs the whole matrix once; `python -m tests.chaos` runs it as often as wanted.
"""

from __future__ import annotations

import pytest

from tests.chaos.disturbances import Disturbance, catalogue
from tests.chaos.harness import Campaign

pytestmark = [pytest.mark.chaos]

SHORT_PART = frozenset({"kill-detector", "reset-s3", "twice-kill-identity"})
TRIES = 3


def _parameters() -> list[object]:
    short = [pytest.mark.e2e, pytest.mark.integration]
    return [
        pytest.param(disturbance, id=disturbance.name, marks=short if disturbance.name in SHORT_PART else [])
        for disturbance in catalogue()
    ]


@pytest.mark.parametrize("disturbance", _parameters())
async def test_a_disturbed_run_gives_the_undisturbed_result(campaign: Campaign, disturbance: Disturbance) -> None:
    for _ in range(TRIES):  # a disturbance may come when all is done already
        done = await campaign.disturb(disturbance)
        if done.outcomes:
            break
    assert done.outcomes, f"every run was finished before: {done.said}"
    assert [problem for outcome in done.outcomes for problem in outcome.problems] == [], done.said


@pytest.mark.e2e
@pytest.mark.integration
async def test_nothing_comes_late(campaign: Campaign) -> None:
    assert await campaign.audit() == []
