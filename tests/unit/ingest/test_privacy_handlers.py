"""What ingest does when a show is deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from chassis.errors import NotFound
from chassis.kafka.bus import Origin
from contracts.events import PersonErased, ShowDeleted
from services.ingest.handlers import PrivacyHandlers
from services.ingest.runs.records import Episode

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORIGIN = Origin(event_id="e", time=AT, topic="show.deleted")


class Episodes:
    """Three episodes: one from before the deletion, one that somebody else deletes meanwhile, one from after it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.forgotten: list[tuple[str, str]] = []
        self.episodes = SimpleNamespace(list=self._list)

    async def _list(self, shows: set[str]) -> list[Episode]:
        assert shows == {"my-show"}
        made = {"my-show-s01e01": -1, "my-show-s01e02": -1, "my-show-s01e03": 1}
        return [
            Episode(ep_id=ep_id, created_at=AT + timedelta(hours=hours), updated_at=AT) for ep_id, hours in made.items()
        ]

    async def delete(self, ep_id: str, *, who: str) -> None:
        self.asked.append(f"{ep_id} by {who}")
        if ep_id.endswith("e02"):
            raise NotFound("unknown_episode", "It is gone.")

    async def forget_person(self, show: str, cast_id: str) -> None:
        self.forgotten.append((show, cast_id))


async def test_the_episodes_of_then_are_deleted_and_later_ones_stay() -> None:
    fake = Episodes()
    handlers = PrivacyHandlers(cast("Any", fake), cast("Any", fake))
    await handlers.show_deleted(ShowDeleted(show="my-show", revision=3, at=AT.isoformat(), who="ada"), ORIGIN)
    assert fake.asked == ["my-show-s01e01 by ada", "my-show-s01e02 by ada"]


async def test_a_person_is_forgotten_when_it_is_asked_and_not_again_when_it_is_done() -> None:
    fake = Episodes()
    handlers = PrivacyHandlers(cast("Any", fake), cast("Any", fake))
    asked = PersonErased(
        show="my-show", erasure_id="x", action="requested", cast_id="rita", who="ada", at=AT.isoformat()
    )
    await handlers.person_erased(asked, ORIGIN)
    await handlers.person_erased(asked.model_copy(update={"action": "completed", "cast_id": None}), ORIGIN)
    assert fake.forgotten == [("my-show", "rita")]
