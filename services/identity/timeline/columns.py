"""An episode's lanes as columns: one list for each property, all lists of a table of one length. Pure.

A lane view draws every track of an episode at once; as objects five thousand of them are megabytes of the same names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from pydantic import BaseModel, Field

from chassis.domain.arrays import Floats
from chassis.domain.intervals import Intervals, total
from chassis.domain.visibility import find_cuts
from contracts.ids import IdentityId, RunId, ShotId, Slug, TrackId
from contracts.rows import FaceRow, Identity, LinkedBy, ShotRow, TrackRow
from services.identity.faces.crop_refs import picture_token
from services.identity.faces.track_reps import is_usable
from services.identity.links.transitions import LinkState

NOBODY = -1


class ShotColumns(BaseModel):
    """Shots in order of time; one that a segment's border divides is two rows."""

    shot_id: tuple[ShotId, ...]
    start_ms: tuple[int, ...]
    end_ms: tuple[int, ...]


class IdentityColumns(BaseModel):
    """People, most visible first."""

    identity_id: tuple[IdentityId, ...]
    name: tuple[str | None, ...]
    cast_id: tuple[Slug | None, ...]
    linked_by: tuple[LinkedBy | None, ...]
    probability: tuple[float | None, ...]
    locked: tuple[bool, ...]
    extra: tuple[bool, ...] = Field(description="A background performer, as operators said.")
    visible_s: tuple[float, ...]
    first_ms: tuple[int | None, ...]
    faces: tuple[int, ...]
    picture: tuple[str | None, ...] = Field(description="For `/media/{ep_id}/pictures/{picture}`.")
    reason: tuple[str | None, ...] = Field(description="Why nobody can say who this is, if so.")


class TrackColumns(BaseModel):
    """Tracks in order of time. `identity` and `shot` are places in the other tables, -1 where there is none."""

    track_id: tuple[TrackId, ...]
    identity: tuple[int, ...]
    shot: tuple[int, ...]
    start_ms: tuple[int, ...]
    end_ms: tuple[int, ...]
    quality: tuple[float, ...] = Field(description="Mean quality of the sampled faces, 0..1.")
    faces: tuple[int, ...]
    low_quality: tuple[bool, ...]
    distance: tuple[float | None, ...] = Field(
        description="Of the track's vector to its identity's centre, Euclidean between unit vectors: the largest are the "
        "likeliest mistakes."
    )
    picture: tuple[str | None, ...] = Field(description="For `/media/{ep_id}/pictures/{picture}`.")
    rejection: tuple[str | None, ...]


class Timeline(BaseModel):
    """Everything that lanes show. Milliseconds count from the first picture; a player's clock is `starts_at_s` later."""

    run_id: RunId
    revision: int
    grouping_revision: int
    links_version: int
    edits_version: int = Field(description="Version of the edits that the grouping includes.")
    duration_s: float
    starts_at_s: float
    cuts_ms: tuple[int, ...] = Field(description="Cuts between shots; borders of segments are none.")
    shots: ShotColumns
    identities: IdentityColumns
    tracks: TrackColumns


def shot_columns(shots: Sequence[ShotRow]) -> ShotColumns:
    """`shots` in order of time."""
    return ShotColumns(
        shot_id=tuple(shot.shot_id for shot in shots),
        start_ms=tuple(milliseconds(shot.start_s) for shot in shots),
        end_ms=tuple(milliseconds(shot.end_s) for shot in shots),
    )


def cut_times(shots: Iterable[ShotRow]) -> tuple[int, ...]:
    """Milliseconds of the cuts."""
    return tuple(milliseconds(cut) for cut in find_cuts(shots))


def identity_columns(
    people: Sequence[Identity],
    *,
    visible: Mapping[str, Intervals],
    links: LinkState,
    names: Mapping[str, str],
) -> IdentityColumns:
    """`people` in the order of the table. `visible` and the links by identity id, `names` by cast id."""
    link_of = {link.identity_id: link for link in links.links}
    linked = [link_of.get(one.identity_id) for one in people]
    spans = [visible.get(one.identity_id, ()) for one in people]
    return IdentityColumns(
        identity_id=tuple(one.identity_id for one in people),
        name=tuple(
            names.get(link.cast_id, link.cast_id) if link else one.label
            for one, link in zip(people, linked, strict=True)
        ),
        cast_id=tuple(link.cast_id if link else None for link in linked),
        linked_by=tuple(link.by if link else None for link in linked),
        probability=tuple(link.probability if link else None for link in linked),
        locked=tuple(one.locked for one in people),
        extra=tuple(one.identity_id in links.extras for one in people),
        visible_s=tuple(round(total(own), 3) for own in spans),
        first_ms=tuple(milliseconds(own[0][0]) if own else None for own in spans),
        faces=tuple(one.faces for one in people),
        picture=tuple(picture_token(one.representative) for one in people),
        reason=tuple(one.reason for one in people),
    )


def track_columns(
    tracks: Sequence[TrackRow],
    *,
    people: Sequence[Identity],
    shots: Sequence[ShotRow],
    best_face: Mapping[str, FaceRow],
    faces: Mapping[str, int],
    distance: Mapping[str, float],
) -> TrackColumns:
    """`tracks` in order of time; `best_face`, number of `faces` and `distance` by track id."""
    owner = {track: place for place, one in enumerate(people) for track in one.track_ids}
    shot_of = {shot.shot_id: place for place, shot in enumerate(shots)}
    shown = [best_face.get(row.track_id) for row in tracks]
    return TrackColumns(
        track_id=tuple(row.track_id for row in tracks),
        identity=tuple(owner.get(row.track_id, NOBODY) for row in tracks),
        shot=tuple(shot_of.get(row.shot_id, NOBODY) for row in tracks),
        start_ms=tuple(milliseconds(row.start_s) for row in tracks),
        end_ms=tuple(milliseconds(row.end_s) for row in tracks),
        quality=tuple(round(row.quality, 3) for row in tracks),
        faces=tuple(faces.get(row.track_id, 0) for row in tracks),
        low_quality=tuple(row.low_quality for row in tracks),
        distance=tuple(round(distance[row.track_id], 4) if row.track_id in distance else None for row in tracks),
        picture=tuple(picture_token(face.thumbnail or face.crop) if face else None for face in shown),
        rejection=tuple(row.rejection for row in tracks),
    )


def best_faces(faces: Iterable[FaceRow]) -> dict[str, FaceRow]:
    """Track id -> the face that shows it best: with a picture, usable, of the highest quality."""
    best: dict[str, FaceRow] = {}
    for face in faces:
        if face.track_id not in best or _showing(face) > _showing(best[face.track_id]):
            best[face.track_id] = face
    return best


def _showing(face: FaceRow) -> tuple[bool, bool, float, float]:
    return face.thumbnail is not None, is_usable(face), face.quality.score, -face.ts_s


def distances_to_centre(
    tracks: Sequence[TrackRow], vectors: Floats, *, people: Sequence[Identity], centre_of: Mapping[str, Floats]
) -> dict[str, float]:
    """Track id -> distance of its vector, a row of `vectors` [M,D], to its identity's centre [D].

    Tracks without a vector and those of an identity without a centre are missing.
    """
    owner = {track: one.identity_id for one in people for track in one.track_ids}
    rows = [
        (row.track_id, row.embedding_row, centre_of[owner[row.track_id]])
        for row in tracks
        if row.embedding_row is not None and row.embedding_row < len(vectors) and owner.get(row.track_id) in centre_of
    ]
    if not rows:
        return {}
    centres = np.stack([centre for _, _, centre in rows])
    apart = np.linalg.norm(vectors[[place for _, place, _ in rows]] - centres, axis=1)
    return {track: float(value) for (track, _, _), value in zip(rows, apart, strict=True)}


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
