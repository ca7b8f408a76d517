"""What an edit would change, before anybody applies it: people, their tracks, their seconds on screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

from chassis.domain.intervals import total
from chassis.domain.visibility import VisibilityRules, find_cuts, visible
from contracts.ids import IdentityId, TrackId
from contracts.rows import Identity, ShotRow, TrackRow


class PreviewedIdentity(BaseModel):
    """One identity that changes. Seconds are visible seconds, counted as the report counts them."""

    identity_id: IdentityId
    change: Literal["appears", "vanishes", "changes"]
    label: str | None = None
    gained_track_ids: tuple[TrackId, ...]
    lost_track_ids: tuple[TrackId, ...]
    seconds_before: float
    seconds_after: float


class Preview(BaseModel):
    """What would become different; everybody not named stays as they are."""

    clusters_before: int
    clusters_after: int
    unassigned_tracks_before: int
    unassigned_tracks_after: int
    changes: tuple[PreviewedIdentity, ...]
    unchanged: int
    new_warnings: tuple[str, ...] = ()


class SecondsRule:
    """Counts visible seconds as the report does."""

    def __init__(self, shots: Sequence[ShotRow], *, duration_s: float, rules: VisibilityRules) -> None:
        self._cuts = find_cuts(shots)
        self._duration_s = duration_s
        self._rules = rules

    def seconds(self, tracks: Sequence[TrackRow]) -> float:
        return total(visible(tracks, duration=self._duration_s, cuts=self._cuts, rules=self._rules))


class Side:
    """The people before or after."""

    def __init__(self, identities: Sequence[Identity], tracks: Sequence[TrackRow], warnings: Sequence[str]) -> None:
        self.people: Mapping[str, Identity] = {one.identity_id: one for one in identities}
        self.rows = {row.track_id: row for row in tracks}
        self.warnings = tuple(warnings)

    def tracks_of(self, identity_id: str) -> tuple[str, ...]:
        found = self.people.get(identity_id)
        return found.track_ids if found is not None else ()

    def seconds(self, identity_id: str, rule: SecondsRule) -> float:
        return rule.seconds([self.rows[track] for track in self.tracks_of(identity_id)])

    @property
    def clusters(self) -> int:
        return sum(one.reason is None for one in self.people.values())

    @property
    def unassigned(self) -> int:
        return sum(len(one.track_ids) for one in self.people.values() if one.reason is not None)


def compare(before: Side, after: Side, rule: SecondsRule) -> Preview:
    """The differences, those with most seconds gained or lost first."""
    changes: list[PreviewedIdentity] = []
    ids = sorted({*before.people, *after.people})
    for identity_id in ids:
        old, new = before.tracks_of(identity_id), after.tracks_of(identity_id)
        was, becomes = before.people.get(identity_id), after.people.get(identity_id)
        if was is not None and becomes is not None and _same(was, becomes):
            continue
        changes.append(
            PreviewedIdentity(
                identity_id=identity_id,
                change="appears" if was is None else "vanishes" if becomes is None else "changes",
                label=(becomes or was or _NOBODY).label,
                gained_track_ids=tuple(track for track in new if track not in set(old)),
                lost_track_ids=tuple(track for track in old if track not in set(new)),
                seconds_before=before.seconds(identity_id, rule),
                seconds_after=after.seconds(identity_id, rule),
            )
        )
    changes.sort(key=lambda one: (-abs(one.seconds_after - one.seconds_before), one.identity_id))
    return Preview(
        clusters_before=before.clusters,
        clusters_after=after.clusters,
        unassigned_tracks_before=before.unassigned,
        unassigned_tracks_after=after.unassigned,
        changes=tuple(changes),
        unchanged=len(ids) - len(changes),
        new_warnings=tuple(warning for warning in after.warnings if warning not in before.warnings),
    )


def _same(was: Identity, becomes: Identity) -> bool:
    return (was.label, was.locked, sorted(was.track_ids)) == (becomes.label, becomes.locked, sorted(becomes.track_ids))


_NOBODY = Identity(identity_id="identity-00000", track_ids=(), tracks=0, faces=0)
