"""The clusters of an episode as people read them: one view of a grouping, made once and shared by requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from contracts.ids import FaceId, IdentityId, TrackId
from contracts.rows import FaceRow, IdentitiesDocument, Identity, Provenance, TrackRow
from services.grouper.edits.people import People
from services.grouper.edits.preview import SecondsRule
from services.grouper.episode.identity_ids import RunIds
from services.grouper.tracks.cutting import whole_of

DROPPED = "dropped"


class ClusterSummary(BaseModel):
    """One identity. `cohesion`, `isolation` and `ambiguity` are in merge distances, as `cluster_centroids` has them."""

    identity_id: IdentityId
    label: str | None = Field(description="What operators call them; who of the cast they are, identities tell.")
    tracks: int
    faces: int
    seconds: float = Field(description="Visible seconds, counted as the screen time report counts them.")
    first_s: float | None
    cohesion: float | None
    isolation: float | None
    ambiguity: float | None
    representative: str | None = Field(description="Key of the best picture; /media gives a URL for it.")
    provenance: Provenance
    rescued_tracks: int
    locked: bool
    reason: str | None = Field(description="Why nobody can say who this is, if so.")


class FacePicture(BaseModel):
    """A picture of a face."""

    face_id: FaceId
    ts_s: float
    quality: float
    crop: str
    thumbnail: str | None


class ClusterMember(BaseModel):
    """A track of an identity, with pictures from best to worst."""

    track_id: TrackId
    identity_id: IdentityId | None
    start_s: float
    end_s: float
    quality: float
    samples: int
    low_quality: bool
    rescued: bool
    rejection: str | None
    pictures: tuple[FacePicture, ...]


@dataclass(frozen=True, kw_only=True)
class ClusterView:
    """A grouping, indexed. Nobody changes it."""

    identities: IdentitiesDocument
    tracks: tuple[TrackRow, ...]
    people: People
    summaries: tuple[ClusterSummary, ...]
    faces_of: dict[str, list[FaceRow]]
    rule: SecondsRule

    def member(self, track_id: str, *, pictures: int) -> ClusterMember:
        """A track with at most so many pictures."""
        row = self.people.tracks[track_id]
        owner = self.people.identity_of.get(track_id)
        rescued = owner is not None and track_id in self.people.identities[owner].rescued_track_ids
        return ClusterMember(
            track_id=track_id,
            identity_id=owner,
            start_s=row.start_s,
            end_s=row.end_s,
            quality=row.quality,
            samples=row.samples,
            low_quality=row.low_quality,
            rescued=rescued,
            rejection=row.rejection,
            pictures=tuple(
                FacePicture(
                    face_id=face.face_id,
                    ts_s=face.ts_s,
                    quality=face.quality.score,
                    crop=face.crop,
                    thumbnail=face.thumbnail,
                )
                for face in self.faces_of.get(track_id, ())[:pictures]
            ),
        )

    def leftovers(self) -> list[tuple[str, str]]:
        """(track, reason) of all that are nobody known: nobody can say who, or dropped."""
        unknown = [
            (track, identity.reason)
            for identity in self.identities.identities
            if identity.reason is not None
            for track in identity.track_ids
        ]
        dropped = [(row.track_id, DROPPED) for row in self.tracks if row.track_id not in self.people.identity_of]
        return sorted([*unknown, *dropped])


def view_of(
    identities: IdentitiesDocument, tracks: Sequence[TrackRow], faces: Sequence[FaceRow], rule: SecondsRule
) -> ClusterView:
    """The view of a grouping."""
    people = people_of(identities.identities, tracks)
    faces_of: dict[str, list[FaceRow]] = {}
    for face in faces:
        faces_of.setdefault(face.track_id, []).append(face)
    for own in faces_of.values():
        own.sort(key=lambda face: (face.thumbnail is None, -face.quality.score, face.ts_s))
    return ClusterView(
        identities=identities,
        tracks=tuple(tracks),
        people=people,
        summaries=tuple(_summary(one, people, rule) for one in identities.identities),
        faces_of=faces_of,
        rule=rule,
    )


def people_of(identities: Sequence[Identity], tracks: Sequence[TrackRow], ids: RunIds | None = None) -> People:
    """Who is who in a grouping. `ids` are those of the machine's people, where they are known."""
    machines: dict[str, set[str]] = {}
    if ids is not None:
        machine_of = {track: one for one, own in ids.people.items() for track in own}
        for row in tracks:
            whole = whole_of(row.track_id, machine_of)
            if whole is not None:
                machines.setdefault(machine_of[whole], set()).add(row.track_id)
    return People(
        identities={one.identity_id: one for one in identities},
        tracks={row.track_id: row for row in tracks},
        identity_of={track: one.identity_id for one in identities for track in one.track_ids},
        locked=frozenset(track for one in identities if one.locked for track in one.track_ids),
        machines={one: frozenset(own) for one, own in machines.items()},
    )


def _summary(identity: Identity, people: People, rule: SecondsRule) -> ClusterSummary:
    rows = [people.tracks[track] for track in identity.track_ids]
    return ClusterSummary(
        identity_id=identity.identity_id,
        label=identity.label,
        tracks=identity.tracks,
        faces=identity.faces,
        seconds=rule.seconds(rows),
        first_s=min((row.start_s for row in rows), default=None),
        cohesion=identity.cohesion,
        isolation=identity.isolation,
        ambiguity=identity.ambiguity,
        representative=identity.representative,
        provenance=identity.provenance,
        rescued_tracks=len(identity.rescued_track_ids),
        locked=identity.locked,
        reason=identity.reason,
    )
