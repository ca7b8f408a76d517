"""Whom everybody may be: what the cast's pictures say, what alike people of the episode say, and what answers taught. Pure.

**Whoever has pictures from elsewhere is told by these alone; faces of this episode say what its grouping says**: two
people whom the grouping keeps apart are one person less often than their distance would say of two pictures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chassis.domain.calibration import logistic
from services.identity.review.cast_list import likely_on_the_list
from services.identity.review.questions import Choice, looked_at
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules

MOST_CHOICES = 5


@dataclass(frozen=True, kw_only=True)
class Likelihood:
    """Whom one identity may be, the likeliest first. `named`: how likely it is somebody with a name; `typed`: whose name
    no key stands for.
    """

    choices: tuple[Choice, ...]
    named: float
    typed: float


@dataclass(frozen=True, kw_only=True)
class Likelihoods:
    """Likelihoods of an episode as it is now."""

    now: Situation
    rules: ReviewRules

    def of(self, identity_id: str) -> Likelihood:
        """Of somebody whom nobody has decided on."""
        beside = self.now.seen_with(identity_id, simultaneous_s=self.rules.simultaneous_s)
        found = {
            choice.cast_id: choice
            for choice in (*self._by_pictures(identity_id), *self._by_episode(identity_id))
            if beside.get(choice.cast_id, 0.0) <= choice.probability
        }
        known = min(1.0, sum(choice.probability for choice in found.values()))
        unknown = (1.0 - known) * self._unknown(identity_id)
        waiting = [one for one in self.waiting if one not in beside and one not in found]
        for one in waiting:
            share = round(unknown / len(waiting), 4)
            found[one] = Choice(cast_id=one, name=self.now.name(one), probability=share)
        choices = sorted(found.values(), key=lambda one: (-one.probability, one.name, one.cast_id))[:MOST_CHOICES]
        person = 1.0 - self.now.figures.get(identity_id, 0.0)
        named = person * (known + unknown)
        with_a_key = person * sum(choice.probability for choice in choices)
        return Likelihood(choices=tuple(choices), named=named, typed=max(0.0, named - with_a_key))

    @cached_property
    def unknown_is_named(self) -> float:
        """How likely somebody has a name whom no picture of the cast shows.

        The rule of succession over the answers so far: names against extras, from the prior that the rules give. Where
        the cast is a list of names, no more people are on it than are missing yet, and one.
        """
        rules, now = self.rules, self.now
        by_hand = {one.cast_id for one in now.links.links if one.by != "auto" and one.cast_id not in now.pictured}
        named, not_named = (
            (rules.stranger_named, rules.stranger_not_named)
            if now.pictured
            else (rules.nobody_known_named, rules.nobody_known_not_named)
        )
        named += len(by_hand)
        likely = named / (named + not_named + len(now.links.extras))
        if not now.listed:
            return likely
        return min(likely, (len(self.waiting) + 1) / (len(self._nameless) + 1))

    def _unknown(self, identity_id: str) -> float:
        """The same of one: whoever is longer on screen is rather on the cast list.

        Somebody has a name among those who were looked at together and are not all extras.
        """
        likely = self._on_the_list.get(identity_id, self.unknown_is_named)
        if looked_at(identity_id) in self.now.links.settled:
            return max(likely, 1.0 / self.rules.most_together)
        return likely

    @cached_property
    def _on_the_list(self) -> Mapping[str, float]:
        """Empty where there is no list."""
        now = self.now
        if not now.listed:
            return {}
        named = [one for one in now.links.links if one.by != "auto" and one.cast_id not in now.pictured]
        return likely_on_the_list(
            {one: now.seconds(one) for one in self._nameless},
            named_s=[now.seconds(one.identity_id) for one in named],
            extras_s=[now.seconds(one) for one in now.links.extras if one in now.identities],
            expected=self.unknown_is_named * len(self._nameless),
        )

    @cached_property
    def _nameless(self) -> Sequence[str]:
        return [one for one in self.now.identities if self.now.is_open(one) and self.now.links.link_of(one) is None]

    @cached_property
    def waiting(self) -> Sequence[str]:
        """Those of the cast who have no pictures and are nobody in the episode yet, by name."""
        missing = set(self.now.listed) - {link.cast_id for link in self.now.links.links}
        return sorted(missing, key=lambda one: (self.now.name(one), one))

    def _by_pictures(self, identity_id: str) -> list[Choice]:
        found = self.now.suggestions.get(identity_id)
        return [
            Choice(
                cast_id=match.cast_id,
                name=self.now.name(match.cast_id),
                probability=round(match.probability, 4),
                distance=round(match.distance, 4),
            )
            for match in (found.matches if found else ())
            if match.cast_id in self.now.pictured
        ]

    def _by_episode(self, identity_id: str) -> list[Choice]:
        likely = self._alike.get(identity_id, {})
        return [
            Choice(cast_id=cast_id, name=self.now.name(cast_id), probability=round(probability, 4))
            for cast_id, probability in likely.items()
        ]

    @cached_property
    def _alike(self) -> Mapping[str, Mapping[str, float]]:
        """By identity: of members without pictures from elsewhere, how likely it is them, by those who are them already."""
        found: dict[str, dict[str, float]] = defaultdict(dict)
        dismissed = self.now.links.dismissed_pairs
        for pair in self.now.doubts.same if self.now.doubts else ():
            for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
                link = self.now.links.link_of(other)
                if link is None or link.cast_id in self.now.pictured or self.now.links.link_of(one) is not None:
                    continue
                if (one, link.cast_id) not in dismissed:
                    likely = same_person(pair.distance, self.rules)
                    found[one][link.cast_id] = max(likely, found[one].get(link.cast_id, 0.0))
        return found


def same_person(distance: float, rules: ReviewRules) -> float:
    """How likely two people whom the grouping keeps apart are one; `distance` in its merge distances."""
    return logistic((rules.same_midpoint - distance) / rules.same_scale)
