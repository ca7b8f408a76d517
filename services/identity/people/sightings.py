"""People across the episodes of a show: every identity keeps its own evidence, and likeness is asked for, not stored.

A person is not one vector that each episode moves a little: that would let one wrong episode spoil all others. It is
the collection of what each episode found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel

from chassis.domain.arrays import Floats
from chassis.domain.calibration import EmbedderCalibration
from chassis.domain.vectors import distances


class Sighting(BaseModel):
    """One identity of one episode, as far as other episodes need it. `row` is its centroid's, None without one."""

    ep_id: str
    identity_id: str
    cast_id: str | None = None
    label: str | None = None
    visible_s: float
    row: int | None = None
    representative: str | None = None


@dataclass(frozen=True, kw_only=True)
class EpisodePeople:
    """The identities of one episode's reported revision; `centroids` [N, D] are of `model_id`."""

    ep_id: str
    order: str
    model_id: str
    sightings: tuple[Sighting, ...]
    centroids: Floats


class Likeness(BaseModel):
    """Somebody of another episode who looks like the one asked about."""

    sighting: Sighting
    distance: float
    probability: float | None = None


class Person(BaseModel):
    """A cast member with all their sightings, or one unnamed identity."""

    cast_id: str | None
    name: str | None
    visible_s: float
    sightings: tuple[Sighting, ...]


def gather_people(episodes: Sequence[EpisodePeople], names: dict[str, str]) -> tuple[Person, ...]:
    """A show's people: one entry per cast member, one per identity that has no name; most visible first."""
    of_member: dict[str, list[Sighting]] = {}
    people = []
    for episode in episodes:
        for sighting in episode.sightings:
            if sighting.cast_id is None:
                people.append(Person(cast_id=None, name=None, visible_s=sighting.visible_s, sightings=(sighting,)))
            else:
                of_member.setdefault(sighting.cast_id, []).append(sighting)
    people += [
        Person(
            cast_id=cast_id,
            name=names.get(cast_id),
            visible_s=round(sum(sighting.visible_s for sighting in sightings), 3),
            sightings=tuple(sightings),
        )
        for cast_id, sightings in of_member.items()
    ]
    return tuple(sorted(people, key=lambda person: (-person.visible_s, person_key(person))))


def person_key(person: Person) -> str:
    """What tells a person from all others of the show."""
    first = person.sightings[0]
    return person.cast_id or f"{first.ep_id}/{first.identity_id}"


def find_similar(
    episodes: Sequence[EpisodePeople],
    *,
    ep_id: str,
    identity_id: str,
    calibration: EmbedderCalibration | None,
    limit: int,
) -> tuple[Likeness, ...]:
    """The identities of other episodes nearest to one, nearest first; vectors of another model are not compared.

    Raises KeyError when there is no such identity. Without a usable centroid nobody is like it.
    """
    own = next(episode for episode in episodes if episode.ep_id == ep_id)
    asked = {sighting.identity_id: sighting for sighting in own.sightings}[identity_id]
    if asked.row is None:
        return ()
    vector = own.centroids[asked.row][None]
    found: list[Likeness] = []
    for episode in episodes:
        if episode.ep_id == ep_id or episode.model_id != own.model_id or not len(episode.centroids):
            continue
        away = distances(vector, episode.centroids)[0]
        found += [
            Likeness(
                sighting=sighting,
                distance=round(float(away[sighting.row]), 6),
                probability=None
                if calibration is None
                else round(calibration.probability(float(away[sighting.row])), 6),
            )
            for sighting in _nearest(episode.sightings, away, limit)
            if sighting.row is not None
        ]
    found.sort(key=lambda entry: (entry.distance, entry.sighting.ep_id, entry.sighting.identity_id))
    return tuple(found[:limit])


def _nearest(sightings: Sequence[Sighting], away: Floats, limit: int) -> list[Sighting]:
    """Those of one episode who can be among the nearest of all."""
    with_row = [sighting for sighting in sightings if sighting.row is not None]
    return sorted(with_row, key=lambda sighting: float(away[sighting.row or 0]))[:limit]


def stack_centroids(vectors: Sequence[Sequence[float]], dimension: int) -> Floats:
    """Centroids as a matrix [N, D], float32; an empty one where there are none."""
    return np.array(vectors, dtype=np.float32).reshape(-1, dimension)
