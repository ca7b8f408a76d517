from __future__ import annotations

import pytest

from chassis.domain.arrays import Floats
from chassis.domain.calibration import EmbedderCalibration
from services.identity.people.sightings import EpisodePeople, Sighting, find_similar, gather_people, stack_centroids
from tests.unit.identity.builders import DIMENSION, MODEL, person_vector

CALIBRATION = EmbedderCalibration(MODEL, midpoint=0.6, scale=0.05)


def episode(ep: str, people: dict[str, tuple[Floats | None, str | None]], model: str = MODEL) -> EpisodePeople:
    sightings, vectors = [], []
    for identity, (vector, cast_id) in people.items():
        row = None if vector is None else len(vectors)
        if vector is not None:
            vectors.append(list(map(float, vector)))
        sightings.append(Sighting(ep_id=ep, identity_id=identity, cast_id=cast_id, visible_s=3.0, row=row))
    return EpisodePeople(
        ep_id=ep,
        order="1",
        model_id=model,
        sightings=tuple(sightings),
        centroids=stack_centroids(vectors, DIMENSION),
    )


FIRST = episode("a-s01e01", {"i1": (person_vector(0), "ada"), "i2": (person_vector(1), None), "i3": (None, None)})
SECOND = episode("a-s01e02", {"i1": (person_vector(0, off=0.2), None), "i2": (person_vector(2), "ada")})
FOREIGN = episode("a-s01e03", {"i1": (person_vector(0), None)}, model="other")


def test_the_nearest_of_other_episodes_with_the_same_model_come_first() -> None:
    found = find_similar([FIRST, SECOND, FOREIGN], ep_id="a-s01e01", identity_id="i1", calibration=CALIBRATION, limit=5)
    assert [(entry.sighting.ep_id, entry.sighting.identity_id) for entry in found] == [
        ("a-s01e02", "i1"),
        ("a-s01e02", "i2"),
    ]
    assert found[0].distance == pytest.approx(0.2, abs=0.01)
    assert (found[0].probability or 0) > 0.99 > 0.01 > (found[1].probability or 0)


def test_without_a_vector_or_calibration_nothing_is_made_up() -> None:
    assert find_similar([FIRST, SECOND], ep_id="a-s01e01", identity_id="i3", calibration=None, limit=5) == ()
    (found,) = find_similar([FIRST, SECOND], ep_id="a-s01e01", identity_id="i2", calibration=None, limit=1)
    assert found.probability is None
    with pytest.raises(KeyError):
        find_similar([FIRST], ep_id="a-s01e01", identity_id="i9", calibration=None, limit=1)


def test_members_gather_their_sightings_and_the_unnamed_stay_apart() -> None:
    people = gather_people([FIRST, SECOND], {"ada": "Ada"})
    assert [(person.name, person.visible_s, len(person.sightings)) for person in people] == [
        ("Ada", 6.0, 2),
        (None, 3.0, 1),
        (None, 3.0, 1),
        (None, 3.0, 1),
    ]
