"""Faces are found by track, in order of time, and an index is made once per file."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.rows import FaceRow
from services.identity.queries.faces import FaceIndex
from tests.unit.identity.builders import make_face


def test_faces_of_a_track_are_in_order_of_time() -> None:
    late, early = make_face(2, 2.0), make_face(1, 1.0)
    other = make_face(3, 0.5).model_copy(update={"track_id": "track-00000-002"})
    found = FaceIndex().of("a", [late, other, early])
    assert dict(found) == {early.track_id: (early, late), "track-00000-002": (other,)}


def test_an_index_is_made_once_until_it_is_forgotten() -> None:
    index, read = FaceIndex(), []

    def rows(name: str) -> Iterator[FaceRow]:
        read.append(name)
        yield make_face(1, 1.0)

    for name in ("a", "b", "c", "d", "a", "e", "a", "b"):
        index.of(name, rows(name))
    assert read == ["a", "b", "c", "d", "e", "b"]
