"""One cast member in two places at once: one of the two links, or one of the tracks, is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from contracts.ids import IdentityId, Slug, TrackId
from contracts.rows import TrackRow


class Clash(BaseModel):
    """Two tracks that count for one cast member while both are on screen, from `start_s` to `end_s`."""

    cast_id: Slug
    identity_ids: tuple[IdentityId, IdentityId]
    track_ids: tuple[TrackId, TrackId]
    start_s: float
    end_s: float
    seconds: float


def find_clashes(
    members: Mapping[str, Sequence[TrackRow]], cast_of: Mapping[str, str], *, simultaneous_s: float
) -> tuple[Clash, ...]:
    """Pairs of tracks of one cast member that overlap for more than `simultaneous_s`, the longest first.

    `members` are the tracks by identity id, `cast_of` the cast member by identity id. One sweep per member over the
    tracks' starts, so that time grows with what is found.
    """
    of_member: dict[str, list[tuple[TrackRow, str]]] = {}
    for identity, cast_id in sorted(cast_of.items()):
        of_member.setdefault(cast_id, []).extend((row, identity) for row in members.get(identity, ()))
    found: list[Clash] = []
    for cast_id, tracks in of_member.items():
        open_tracks: list[tuple[TrackRow, str]] = []
        for row, identity in sorted(tracks, key=lambda entry: (entry[0].start_s, entry[0].track_id)):
            open_tracks = [entry for entry in open_tracks if entry[0].end_s > row.start_s]
            for other, its_identity in open_tracks:
                start, end = row.start_s, min(row.end_s, other.end_s)
                if end - start > simultaneous_s:
                    found.append(
                        Clash(
                            cast_id=cast_id,
                            identity_ids=(its_identity, identity),
                            track_ids=(other.track_id, row.track_id),
                            start_s=start,
                            end_s=end,
                            seconds=round(end - start, 3),
                        )
                    )
            open_tracks.append((row, identity))
    return tuple(sorted(found, key=lambda clash: (-clash.seconds, clash.start_s, clash.track_ids)))
