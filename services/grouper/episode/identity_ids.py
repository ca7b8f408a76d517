"""Identity ids that survive: by overlapping tracks a person keeps the id they had in an earlier run or clustering."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.ids import IdentityId, TrackId, identity_id
from contracts.rows import Identity, TrackRow
from services.grouper.rules import CarryRules
from services.grouper.tracks.matching import shared_seconds

Pin = tuple[IdentityId, Sequence[TrackId]]


@dataclass(frozen=True)
class EarlierRun:
    """Identities of an earlier grouping with its tracks, which may come from another profile or model.

    `retired` holds the last tracks, named as in the new grouping, of people whose ids are not in use: whoever shows up
    again (an edit was undone) gets the old id back.
    """

    identities: tuple[Identity, ...]
    tracks: tuple[TrackRow, ...]
    retired: Mapping[IdentityId, Sequence[TrackId]] = field(default_factory=dict)


def carry_identity_ids(
    groups: Sequence[Sequence[TrackRow]],
    earlier: EarlierRun | None,
    rules: CarryRules,
    *,
    pinned: Sequence[Pin] = (),
    least_number: int = 1,
) -> list[IdentityId]:
    """An id for each group of tracks, no id twice.

    Operators' wishes come first: `pinned` ids go to the group with most of the named tracks. Then an identity of the
    earlier run passes its id to the group it shares most seconds with, locked ones first, and retired ids go to those
    who had them. Groups without an earlier self get new numbers by first appearance, above every number used so far
    and at least `least_number`.
    """
    ids: list[IdentityId | None] = [None] * len(groups)
    group_of = {track.track_id: index for index, group in enumerate(groups) for track in group}
    retired = earlier.retired if earlier else {}
    taken: set[IdentityId] = set()
    wishes = [
        *((wanted, _group_with_most(group_of, track_ids)) for wanted, track_ids in pinned),
        *_claims(groups, earlier, rules),
        *((wanted, _group_with_most(group_of, track_ids)) for wanted, track_ids in sorted(retired.items())),
    ]
    for wanted, index in wishes:
        if index is not None and ids[index] is None and wanted not in taken:
            ids[index] = wanted
            taken.add(wanted)
    used = [*taken, *retired, *(one.identity_id for one in (earlier.identities if earlier else ()))]
    number = max([least_number - 1, *(int(one.rsplit("-", 1)[1]) for one in used)])
    result = list(ids)
    for index in sorted(range(len(groups)), key=lambda index: _first_appearance(groups[index])):
        if result[index] is None:
            number += 1
            result[index] = identity_id(number)
    return [one for one in result if one is not None]


def _first_appearance(tracks: Sequence[TrackRow]) -> tuple[float, str]:
    return min((track.start_s, track.track_id) for track in tracks)


def _group_with_most(group_of: Mapping[str, int], wanted: Iterable[str]) -> int | None:
    counts = Counter(group_of[track] for track in wanted if track in group_of)
    return min(counts, key=lambda index: (-counts[index], index), default=None)


def _claims(
    groups: Sequence[Sequence[TrackRow]], earlier: EarlierRun | None, rules: CarryRules
) -> Iterator[tuple[IdentityId, int]]:
    """(earlier id, group) for all that share enough seconds, strongest claim first."""
    if earlier is None:
        return
    identity_of = {track: identity for identity in earlier.identities for track in identity.track_ids}
    group_of = {track.track_id: index for index, group in enumerate(groups) for track in group}
    old_tracks = [track for track in earlier.tracks if track.track_id in identity_of]
    new_tracks = [track for group in groups for track in group]
    shared: dict[tuple[str, int], float] = {}
    for old, new, seconds in shared_seconds(old_tracks, new_tracks, rules):
        key = (identity_of[old.track_id].identity_id, group_of[new.track_id])
        shared[key] = shared.get(key, 0.0) + seconds
    old_seconds: dict[str, float] = {}
    for track in old_tracks:
        one = identity_of[track.track_id].identity_id
        old_seconds[one] = old_seconds.get(one, 0.0) + track.end_s - track.start_s
    new_seconds = [sum(track.end_s - track.start_s for track in group) for group in groups]
    locked = {identity.identity_id for identity in earlier.identities if identity.locked}
    for (one, index), seconds in sorted(shared.items(), key=lambda item: (item[0][0] not in locked, -item[1], item[0])):
        if seconds >= rules.min_identity_share * min(old_seconds[one], new_seconds[index]):
            yield one, index
