"""What is left of a grouping when the faces of some tracks are forgotten. Pure.

A track that an operator cut between two people is one row before the cut and several after it: its parts are forgotten
or stay each by itself, and the whole row, whose vector was of both, is pooled from the faces that are left.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.arrays import Floats
from contracts.rows import ClusterCentroidsDocument, FaceRow, IdentitiesDocument, Identity, TrackRow
from services.grouper.tracks.cutting import Cut, whole_of

EXPIRED = "expired"
"""Why a track whose times stay has no usable embedding."""

NO_LANDMARKS = (0.0,) * 10


@dataclass(frozen=True, kw_only=True)
class ForgottenTracks:
    """Which tracks are forgotten, by the names they have before any cut.

    Args:
        gone: Rows that go.
        blank: Rows that lose vector, pictures and landmarks, and stay.
        stretches: Rows of which a part is forgotten -> when those parts are on screen.
        parts: The names as they were given, of parts too.
        faces: Ids of the sampled faces that go.
    """

    gone: frozenset[str]
    blank: frozenset[str]
    stretches: Mapping[str, tuple[Cut, ...]]
    parts: frozenset[str]
    faces: frozenset[str]
    times_stay: bool

    @property
    def gone_after_cuts(self) -> frozenset[str]:
        """Rows that go, by the names they have after all cuts."""
        return self.gone if self.times_stay else self.gone | self.parts

    @property
    def blank_after_cuts(self) -> frozenset[str]:
        """Rows that stay without a face, by the names they have after all cuts."""
        return self.blank | (self.parts - self.gone_after_cuts)

    @property
    def erased(self) -> tuple[Cut, ...]:
        """The stretches of which nothing may be left, in whatever grouping follows."""
        return () if self.times_stay else tuple(one for _, own in sorted(self.stretches.items()) for one in own)

    @property
    def erased_of(self) -> frozenset[str]:
        """The tracks that have such stretches."""
        return frozenset(stretch.track_id for stretch in self.erased)


def forgotten_tracks(
    names: Collection[str],
    *,
    base: Iterable[TrackRow],
    tracks: Sequence[TrackRow],
    faces: Iterable[FaceRow],
    times_stay: bool,
) -> ForgottenTracks:
    """What forgetting tracks means for a run. `base` are its tracks before cuts, `tracks` and `faces` those after them."""
    known = {row.track_id for row in base}
    parts = frozenset(names)
    whole_of_row = {row.track_id: whole_of(row.track_id, known) for row in tracks}
    left = {whole for name, whole in whole_of_row.items() if name not in parts}
    whole = {found for name in parts if (found := whole_of(name, known)) is not None}
    stretches: dict[str, tuple[Cut, ...]] = {}
    for row in tracks:
        base_name = whole_of_row[row.track_id]
        if row.track_id in parts and base_name is not None and base_name in left:
            stretch = Cut(base_name, row.start_s, row.end_s)
            stretches[base_name] = (*stretches.get(base_name, ()), stretch)
    entire = whole & parts | {one for one in whole if one not in left}
    gone = frozenset() if times_stay else frozenset(entire)
    return ForgottenTracks(
        gone=gone,
        blank=frozenset(whole - gone - stretches.keys()),
        stretches=stretches,
        parts=parts,
        faces=frozenset(face.face_id for face in faces if face.track_id in parts),
        times_stay=times_stay,
    )


def forget_tracks(
    rows: Sequence[TrackRow],
    matrix: Floats,
    *,
    gone: Collection[str],
    blank: Collection[str],
    pooled_again: Mapping[str, tuple[TrackRow, Floats | None]] | None = None,
) -> tuple[list[TrackRow], Floats]:
    """Tracks and their vectors [N, D] without those forgotten; the others' vectors keep their order.

    `pooled_again` has the rows of which a part is forgotten as the faces that are left make them.
    """
    again = pooled_again or {}
    left: list[TrackRow] = []
    vectors: list[Floats] = []
    for row in rows:
        if row.track_id in gone:
            continue
        kept, vector = _blank(row) if row.track_id in blank else row, None
        if row.track_id in again:
            kept, vector = again[row.track_id]
        elif kept.embedding_row is not None:
            vector = matrix[kept.embedding_row]
        place = None if vector is None else len(vectors)
        vectors += [] if vector is None else [vector]
        continues = None if row.continues in gone else row.continues
        left.append(kept.model_copy(update={"embedding_row": place, "continues": continues}))
    kept_vectors = np.stack(vectors) if vectors else matrix[:0]
    return left, np.ascontiguousarray(kept_vectors, dtype=np.float32)


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


def forget_detections(lines: bytes, forgotten: ForgottenTracks) -> bytes:
    """`detections.jsonl` without the rows of tracks and stretches, and without landmarks of those whose times stay."""
    left = []
    for line in lines.splitlines():
        row = json.loads(line)
        track = row.get("track_id")
        if track in forgotten.gone:
            continue
        is_concerned = track in forgotten.blank or any(
            stretch.start_s <= row["ts_s"] < stretch.end_s for stretch in forgotten.stretches.get(track, ())
        )
        if not is_concerned:
            left.append(line)
        elif track in forgotten.blank or forgotten.times_stay:
            left.append(json.dumps(row | {"landmarks": NO_LANDMARKS}, separators=(",", ":")).encode())
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
