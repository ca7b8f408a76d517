"""A show's people over its episodes, and who looks like whom."""

from __future__ import annotations

import asyncio

from chassis.errors import BadInput, NotFound
from contracts.ids import show_of
from services.identity.people.sightings import Likeness, Person, find_similar, gather_people
from services.identity.queries.episodes import EpisodeReader
from services.identity.store.facebanks import FacebankStore
from services.identity.store.people import PeopleStore


class PeopleQueries:
    """Reads people across episodes."""

    def __init__(self, people: PeopleStore, facebanks: FacebankStore, episodes: EpisodeReader) -> None:
        self._people = people
        self._facebanks = facebanks
        self._episodes = episodes

    async def people(self, show: str) -> tuple[Person, ...]:
        """Most visible first; nobody for a show without episodes."""
        return gather_people(await self._people.of_show(show), await self._facebanks.members(show))

    async def similar(self, show: str, ep_id: str, identity_id: str, limit: int) -> tuple[Likeness, ...]:
        """Identities of the show's other episodes nearest to one.

        Raises BadInput `other_show`, NotFound `unknown_episode` and `unknown_identity`.
        """
        if show_of(ep_id) != show:
            raise BadInput("other_show", f"{ep_id} is no episode of {show}: ask within its own show.")
        episode = await self._episodes.episode(ep_id)
        known = await self._people.of_show(show)
        own = next((entry for entry in known if entry.ep_id == ep_id), None)
        if own is None or identity_id not in {sighting.identity_id for sighting in own.sightings}:
            raise NotFound("unknown_identity", f"{ep_id} has no {identity_id} now: list its identities again.")
        return await asyncio.to_thread(
            find_similar,
            known,
            ep_id=ep_id,
            identity_id=identity_id,
            calibration=episode.revision.recognised_with.calibration,
            limit=limit,
        )
