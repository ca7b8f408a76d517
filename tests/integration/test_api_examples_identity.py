"""The documented examples of shows, casts, identities, suggestions and links are what the API answers."""

from __future__ import annotations

import pytest

from chassis.store import Database
from contracts.ids import identity_id
from screenalytics.stack import Stack
from tests.support.api_examples import hold
from tests.support.identity_rig import BLUE, EP, GREEN, RED, SHOW, Somebody, identity_rig, picture_of

pytestmark = pytest.mark.integration


async def test_the_api_answers_as_the_page_says(stack: Stack, database: Database) -> None:
    async with identity_rig(stack, database) as rig:
        await rig.data("POST", "/shows", {"name": "My Show"})
        await rig.cast({"rita": ("Rita", RED), "greta": ("Greta", GREEN)})
        await rig.group([Somebody(1, RED), Somebody(2, GREEN, 20, 25), Somebody(3, BLUE, 30, 34)])
        await hold(
            "identities.md",
            rig.client,
            {
                "show": SHOW,
                "ep_id": EP,
                "identity_id": identity_id(1),
                "cast_id": "rita",
                "picture": picture_of(BLUE, 1),
                "other_picture": picture_of(BLUE, 2),
            },
            meanwhile=rig.bus.deliver,
        )
