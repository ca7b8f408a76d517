"""Pictures and figures: faces that are no present person, told by what the film shows of them.

They are counted apart and never dropped. Whoever is named, linked or locked by an operator is a person.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from contracts.rows import Identity, TrackRow
from services.identity.rules import FigureRules

PICTURE = "A picture of somebody: it does not change while somebody beside it does."


def find_figures(
    identities: Iterable[Identity],
    members: Mapping[str, Sequence[TrackRow]],
    tracks: Sequence[TrackRow],
    *,
    linked: Collection[str],
    rules: FigureRules,
) -> dict[str, str]:
    """Identity id -> why it is a picture, for identities that nobody vouches for.

    `members` holds each identity's tracks by identity id, `tracks` all of the episode. One track that is clearly a
    picture tells of all tracks of its identity, as long as none of them shows it alive: then it is a person whose
    picture is somewhere, and their seconds stay.
    """
    pictures = {track.track_id for track in tracks if is_picture(track, tracks, rules)}
    return {
        identity.identity_id: PICTURE
        for identity in identities
        if not (identity.locked or identity.label is not None or identity.identity_id in linked)
        and any(track.track_id in pictures for track in members[identity.identity_id])
        and not any(_lives(track, rules) for track in members[identity.identity_id])
    }


def is_picture(track: TrackRow, tracks: Iterable[TrackRow], rules: FigureRules) -> bool:
    """Whether a track stands still while a face beside it in the same shot moves."""
    change, length = track.change, track.end_s - track.start_s
    if change is None or length < rules.least_s:
        return False
    if change.typical > rules.still_typical or change.large > rules.still_large:
        return False
    alive_from = max(rules.alive, rules.alive_ratio * change.typical)
    beside_s = math.fsum(
        max(0.0, min(track.end_s, other.end_s) - max(track.start_s, other.start_s))
        for other in tracks
        if other.shot_id == track.shot_id and other.change is not None and other.change.typical >= alive_from
    )
    return beside_s >= rules.together * length


def _lives(track: TrackRow, rules: FigureRules) -> bool:
    return track.change is not None and track.change.typical >= rules.lives
