"""What questions are made from: an episode as it is reported now, and the doubts about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from chassis.domain.intervals import Intervals, intersection, total
from contracts.rows import GroupingDoubts, Identity, TrackRow
from services.identity.links.conflicts import Clash
from services.identity.links.transitions import LinkState
from services.identity.suggestions.identities import CastSuggestions
from services.identity.suggestions.temporal import TemporalSuggestion


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All by identity id, but for `names`, which are by cast id. `links` are those that count.

    `figures` are the identities that are counted apart as pictures of people, with how likely they are none. `pictured`
    are the cast members with pictures that are no faces of this episode, `listed` those without any picture.
    """

    ep_id: str
    identities: Mapping[str, Identity]
    members: Mapping[str, Sequence[TrackRow]]
    visible: Mapping[str, Intervals]
    links: LinkState
    names: Mapping[str, str]
    suggestions: Mapping[str, CastSuggestions]
    temporal: Sequence[TemporalSuggestion]
    clashes: Sequence[Clash]
    doubts: GroupingDoubts | None
    figures: Mapping[str, float] = field(default_factory=dict)
    pictured: Collection[str] = ()
    listed: Collection[str] = ()

    def seconds(self, identity_id: str) -> float:
        """Visible seconds of an identity."""
        return round(total(self.visible.get(identity_id, ())), 3)

    def name(self, cast_id: str) -> str:
        return self.names.get(cast_id, cast_id)

    def called(self, identity_id: str) -> str:
        """What people call an identity: its name, its label, or its number."""
        link = self.links.link_of(identity_id)
        label = self.identities[identity_id].label
        return self.name(link.cast_id) if link else label or f"person {int(identity_id.rpartition('-')[2])}"

    def seen_with(self, identity_id: str, *, simultaneous_s: float) -> dict[str, float]:
        """Cast members who are in one picture with an identity, and how likely each is who it is taken for there."""
        own, found = self.visible.get(identity_id, ()), dict[str, float]()
        for link in self.links.links:
            together = total(intersection(own, self.visible.get(link.identity_id, ())))
            if link.identity_id != identity_id and together > simultaneous_s:
                sure = link.probability if link.by == "auto" else 1.0
                found[link.cast_id] = max(sure, found.get(link.cast_id, 0.0))
        return found

    def is_open(self, identity_id: str) -> bool:
        """Whether anybody is to be asked about an identity at all: it is there, not locked, and no extra."""
        one = self.identities.get(identity_id)
        return one is not None and not one.locked and identity_id not in self.links.extras

    def is_decided(self, identity_id: str) -> bool:
        """Whether a person said who it is, or that nobody is to be suggested."""
        link = self.links.link_of(identity_id)
        by_hand = link is not None and link.by != "auto"
        return by_hand or (identity_id, None) in self.links.dismissed_pairs
