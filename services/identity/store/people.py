"""Evidence on people of a show's episodes in MongoDB: one document per episode, replaced whole by a later revision."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from pymongo.errors import DuplicateKeyError

from chassis.cache import Latest
from chassis.domain.intervals import Intervals, total
from chassis.mongo.database import Database, Document
from contracts.ids import show_of
from contracts.rows import ClusterCentroidsDocument, IdentitiesDocument
from services.identity.people.sightings import EpisodePeople, Sighting, stack_centroids

REMEMBERED = 200
"""Episodes whose people a process keeps in memory."""


class PeopleStore:
    """What it has read it remembers until the episode has a later revision."""

    def __init__(self, database: Database) -> None:
        self._people = database["people"]
        self._known: Latest[str, EpisodePeople] = Latest(REMEMBERED)

    async def save(
        self,
        order: str,
        identities: IdentitiesDocument,
        centroids: ClusterCentroidsDocument,
        visible: Mapping[str, Intervals],
        *,
        model_id: str,
        dimension: int,
    ) -> None:
        """Keep the people of a revision, unless those of a later one are kept."""
        vectors = {
            entry.identity_id: entry.centroid
            for entry in centroids.centroids
            if entry.model_id == model_id and entry.dimension == dimension
        }
        rows = {identity: row for row, identity in enumerate(vectors)}
        sightings = [
            Sighting(
                ep_id=identities.ep_id,
                identity_id=identity.identity_id,
                cast_id=identity.cast_id,
                label=identity.label,
                visible_s=total(visible.get(identity.identity_id, ())),
                row=rows.get(identity.identity_id),
                representative=identity.representative,
            )
            for identity in identities.identities
        ]
        matrix = stack_centroids(list(vectors.values()), dimension)
        with suppress(DuplicateKeyError):  # a later revision's people are there
            await self._people.update_one(
                {"_id": identities.ep_id, "order": {"$not": {"$gt": order}}},
                {
                    "$set": {
                        "show": show_of(identities.ep_id),
                        "run_id": identities.run_id,
                        "order": order,
                        "model_id": model_id,
                        "dimension": dimension,
                        "sightings": [sighting.model_dump(mode="json", exclude={"ep_id"}) for sighting in sightings],
                        "centroids": matrix.astype("<f4").tobytes(),
                    }
                },
                upsert=True,
            )

    async def of_show(self, show: str) -> list[EpisodePeople]:
        """The people of every episode of a show, by episode."""
        orders = {doc["_id"]: doc["order"] async for doc in self._people.find({"show": show}, {"order": 1})}
        known = {ep: people for ep in orders if (people := self._known.get(ep)) is not None}
        changed = [ep for ep, order in orders.items() if ep not in known or known[ep].order != order]
        if changed:
            async for document in self._people.find({"_id": {"$in": changed}}):
                known[document["_id"]] = self._known.put(document["_id"], _read(document))
        return [known[ep] for ep in sorted(known)]

    async def forget(self, ep_id: str, last_run_id: str | None) -> None:
        """Remove what an episode's runs up to one left."""
        runs: Document = {"run_id": {"$lte": last_run_id}} if last_run_id is not None else {}
        await self._people.delete_many({"_id": ep_id} | runs)
        self._known.forget(ep_id)


def _read(document: Document) -> EpisodePeople:
    matrix = np.frombuffer(document["centroids"], dtype="<f4").reshape(-1, int(document["dimension"]))
    return EpisodePeople(
        ep_id=document["_id"],
        order=document["order"],
        model_id=document["model_id"],
        sightings=tuple(Sighting(ep_id=document["_id"], **entry) for entry in document["sightings"]),
        centroids=matrix,
    )
