"""What is left of a grouping when the faces of some tracks are forgotten. Pure.

A track that an operator cut between two people is one row before the cut and several after it: its parts are forgotten
or stay each by itself, and the whole row, whose vector is of both, loses what can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.arrays import Floats
from contracts.rows import ClusterCentroidsDocument, FaceRow, IdentitiesDocument, Identity, TrackRow
from services.grouper.tracks.cutting import parent_of

EXPIRED = "expired"
"""Why a track whose times stay has no usable embedding."""

NO_LANDMARKS = (0.0,) * 10


@dataclass(frozen=True, kw_only=True)
class ForgottenTracks:
    """Which tracks are forgotten, by the names they have before any cut.

    Args:
        gone: Rows that go.
        blank: Rows that lose vector, pictures and landmarks, and stay.
        parts: The names as they were given, of parts too.
        faces: Ids of the sampled faces that go.
    """

    gone: frozenset[str]
    blank: frozenset[str]
    parts: frozenset[str]
    faces: frozenset[str]
    times_stay: bool


def forgotten_tracks(
    names: Collection[str], *, base: Iterable[TrackRow], faces: Iterable[FaceRow], times_stay: bool
) -> ForgottenTracks:
    """What forgetting tracks means for a run. `base` are its tracks before cuts, `faces` its faces after them."""
    known = {row.track_id for row in base}
    parts = frozenset(names)
    whole = {found for name in parts if (found := _whole(name, known)) is not None}
    gone = frozenset() if times_stay else frozenset(whole & parts)
    return ForgottenTracks(
        gone=gone,
        blank=frozenset(whole - gone),
        parts=parts,
        faces=frozenset(face.face_id for face in faces if face.track_id in parts),
        times_stay=times_stay,
    )


def _whole(name: str, known: Collection[str]) -> str | None:
    """The track that a part was cut from; the name itself where it is no part."""
    found: str | None = name
    while found is not None and found not in known:
        found, _ = parent_of(found)
    return found


def forget_tracks(
    rows: Sequence[TrackRow], matrix: Floats, *, gone: Collection[str], blank: Collection[str]
) -> tuple[list[TrackRow], Floats]:
    """Tracks and their vectors [N, D] without those forgotten; the others' vectors keep their order."""
    left = [_blank(row) if row.track_id in blank else row for row in rows if row.track_id not in gone]
    used = [row.embedding_row for row in left if row.embedding_row is not None]
    places = {old: new for new, old in enumerate(sorted(set(used)))}
    kept = np.ascontiguousarray(matrix[sorted(places)], dtype=np.float32)
    return [
        row.model_copy(
            update={
                "embedding_row": None if row.embedding_row is None else places[row.embedding_row],
                "continues": None if row.continues in gone else row.continues,
            }
        )
        for row in left
    ], kept


def _blank(row: TrackRow) -> TrackRow:
    return row.model_copy(
        update={
            "crops": (),
            "representative": None,
            "embedding_row": None,
            "model_id": None,
            "samples": 0,
            "spread": None,
            "low_quality": True,
            "rejection": EXPIRED,
        }
    )


def rows_left(faces: Iterable[FaceRow], forgotten: Collection[str]) -> dict[int, int]:
    """Row of `faces.npy` -> its row without the forgotten faces."""
    used = {face.embedding_row for face in faces if face.face_id not in forgotten and face.embedding_row is not None}
    return {old: new for new, old in enumerate(sorted(used))}


def forget_faces(faces: Iterable[FaceRow], *, forgotten: Collection[str], places: Mapping[int, int]) -> list[FaceRow]:
    """Faces without those forgotten, their vectors by the rows that `rows_left` gives."""
    return [
        face.model_copy(
            update={"embedding_row": None if face.embedding_row is None else places.get(face.embedding_row)}
        )
        for face in faces
        if face.face_id not in forgotten
    ]


def forget_detections(lines: bytes, *, gone: Collection[str], blank: Collection[str]) -> bytes:
    """`detections.jsonl` without the rows of tracks, and without landmarks of those that stay."""
    left = []
    for line in lines.splitlines():
        row = json.loads(line)
        track = row.get("track_id")
        if track in blank:
            left.append(json.dumps(row | {"landmarks": NO_LANDMARKS}, separators=(",", ":")).encode())
        elif track not in gone:
            left.append(line)
    return b"".join(line + b"\n" for line in left)


def forget_identities(
    document: IdentitiesDocument, forgotten: ForgottenTracks, *, revision: int, reason: str
) -> IdentitiesDocument:
    """`identities.json` without the tracks; people none of whose tracks is left go. Where times stay, so do they."""
    people: list[Identity] = []
    for person in document.identities:
        left = tuple(track for track in person.track_ids if track not in forgotten.parts)
        if left == person.track_ids:
            people.append(person)
        elif forgotten.times_stay:
            people.append(_faceless(person, reason) if not left else person.model_copy(update={"representative": None}))
        elif left:
            rescued = tuple(track for track in person.rescued_track_ids if track in left)
            people.append(
                person.model_copy(
                    update={
                        "track_ids": left,
                        "tracks": len(left),
                        "rescued_track_ids": rescued,
                        "representative": None,
                    }
                )
            )
    tracks = sum(len(person.track_ids) for person in people)
    metrics = document.metrics.model_copy(update={"clusters": len(people), "tracks": tracks})
    return document.model_copy(update={"identities": tuple(people), "metrics": metrics, "revision": revision})


def _faceless(person: Identity, reason: str) -> Identity:
    return person.model_copy(
        update={
            "cohesion": None,
            "isolation": None,
            "ambiguity": None,
            "representative": None,
            "faces": 0,
            "reason": reason,
        }
    )


def forget_centroids(
    document: ClusterCentroidsDocument, before: IdentitiesDocument, forgotten: ForgottenTracks
) -> ClusterCentroidsDocument:
    """`cluster_centroids.json` without the centroids that any forgotten track is part of."""
    concerned = {person.identity_id for person in before.identities if not forgotten.parts.isdisjoint(person.track_ids)}
    left = tuple(entry for entry in document.centroids if entry.identity_id not in concerned)
    return document.model_copy(update={"centroids": left})
