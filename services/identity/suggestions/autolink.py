"""Which suggestions are sure enough to become links without being asked, and which contradict each other."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from chassis.domain.intervals import intersection, total
from contracts.rows import CastLink
from services.identity.rules import LinkRules
from services.identity.suggestions.evidence import IdentityEvidence, strength
from services.identity.suggestions.identities import CastMatch, CastSuggestions
from services.identity.suggestions.twice import copy_ratio


@dataclass(frozen=True)
class ProposedLink:
    """A link that may be made without an operator. `seen_as`: identities of the episode whose faces bore it out."""

    identity_id: str
    cast_id: str
    probability: float
    margin: float
    seen_as: tuple[str, ...] = ()
    log_ratio: float = 0.0


@dataclass(frozen=True)
class LinkConflict:
    """Two identities that both look like one cast member while they are on screen together for `seconds`.

    `kept` is the one that is linked nevertheless (an operator said so, or it is clearly better), None when neither is.
    `twice` says that both are, because the picture shows one person twice.
    """

    cast_id: str
    identity_ids: tuple[str, str]
    seconds: float
    kept: str | None
    twice: bool = False

    @property
    def message(self) -> str:
        first, second = self.identity_ids
        if self.twice:
            return (
                f"{first} and {second} are {self.cast_id} twice in one picture for {self.seconds:.1f} s, as in a split "
                "screen, a mirror or a replay: both were linked and count once, please check."
            )
        outcome = f"{self.kept} was taken" if self.kept else "neither was linked"
        return (
            f"{first} and {second} both look like {self.cast_id} but are on screen together for {self.seconds:.1f} s: "
            f"{outcome}, please decide."
        )


@dataclass(frozen=True)
class AutoLinkDecision:
    """`links` by identity id; `conflicts` are shown to operators, never resolved silently."""

    links: tuple[ProposedLink, ...]
    conflicts: tuple[LinkConflict, ...]


def decide_auto_links(
    suggestions: Sequence[CastSuggestions],
    evidence: Sequence[IdentityEvidence],
    *,
    existing: Sequence[CastLink] = (),
    dismissed: Collection[tuple[str, str | None]] = (),
    midpoint: float | None = None,
    rules: LinkRules,
) -> AutoLinkDecision:
    """Links identities whose best match is above a high probability and a margin, both higher for weak clusters.

    Locked identities, identities an operator linked (`existing`, by operator or from a suggestion) and dismissed pairs
    are left alone. Several identities may be one cast member unless they are on screen together: then only the clearly
    better one is linked, if there is one, and the conflict is reported in any case. Where the picture shows one person
    twice both are; that is known by the embedder's `midpoint`, the distance of probability one half.
    """
    people = {person.identity_id: person for person in evidence}
    settled = {link.identity_id: link.cast_id for link in existing if link.by != "auto"}
    candidates: dict[str, dict[str, ProposedLink]] = defaultdict(dict)
    for suggestion in suggestions:
        person, best = people.get(suggestion.identity_id), suggestion.best
        if person is None or best is None or person.locked or suggestion.identity_id in settled:
            continue
        if (person.identity_id, best.cast_id) in dismissed or (person.identity_id, None) in dismissed:
            continue
        if _is_sure(best, suggestion.margin, strength(person, rules), rules):
            link = ProposedLink(
                person.identity_id, best.cast_id, best.probability, suggestion.margin, best.seen_as, best.log_ratio
            )
            candidates[best.cast_id][person.identity_id] = link

    links: list[ProposedLink] = []
    conflicts: list[LinkConflict] = []
    for cast_id, proposed in sorted(candidates.items()):
        confirmed = sorted(key for key, linked in settled.items() if linked == cast_id and key in people)
        found = _conflicts(cast_id, proposed, confirmed, people, midpoint, rules)
        beaten = {
            key for conflict in found if not conflict.twice for key in conflict.identity_ids if key != conflict.kept
        }
        links += [link for key, link in proposed.items() if key not in beaten]
        conflicts += found
    return AutoLinkDecision(tuple(sorted(links, key=lambda link: link.identity_id)), tuple(conflicts))


def _is_sure(best: CastMatch, margin: float, cluster_strength: float, rules: LinkRules) -> bool:
    weakness = 1.0 - cluster_strength
    probability = rules.auto_probability + weakness * (rules.weak_probability - rules.auto_probability)
    least_margin = rules.auto_margin + weakness * (rules.weak_margin - rules.auto_margin)
    return best.probability >= probability and margin >= least_margin


def _conflicts(
    cast_id: str,
    proposed: Mapping[str, ProposedLink],
    confirmed: Sequence[str],
    people: Mapping[str, IdentityEvidence],
    midpoint: float | None,
    rules: LinkRules,
) -> list[LinkConflict]:
    found = []
    for first, second in combinations(sorted({*proposed, *confirmed}), 2):
        if first not in proposed and second not in proposed:
            continue
        seconds = total(intersection(people[first].presence, people[second].presence))
        if seconds <= rules.simultaneous_s:
            continue
        if midpoint is not None and _is_twice(people[first], people[second], proposed, midpoint, rules):
            found.append(LinkConflict(cast_id, (first, second), seconds, kept=None, twice=True))
        else:
            kept = _clearly_better(first, second, proposed, rules)
            found.append(LinkConflict(cast_id, (first, second), seconds, kept))
    return found


def _is_twice(
    first: IdentityEvidence,
    second: IdentityEvidence,
    proposed: Mapping[str, ProposedLink],
    midpoint: float,
    rules: LinkRules,
) -> bool:
    """Whether the two are one face and its copy; a less exact copy only of somebody who is named for sure."""
    ratio = copy_ratio(first, second, midpoint=midpoint, rules=rules)
    if ratio is None:
        return False
    links = [proposed.get(person.identity_id) for person in (first, second)]
    sure = any(
        link is None or (link.probability >= rules.weak_probability and link.margin >= rules.weak_margin)
        for link in links
    )
    return ratio <= (rules.replay_ratio if sure else rules.copy_ratio)


def _clearly_better(first: str, second: str, proposed: Mapping[str, ProposedLink], rules: LinkRules) -> str | None:
    """An operator's link beats any proposal; of two proposals the one that is `conflict_odds` times as likely."""
    if first not in proposed or second not in proposed:
        return second if first in proposed else first
    lead = proposed[first].log_ratio - proposed[second].log_ratio
    if abs(lead) < math.log(rules.conflict_odds):
        return None
    return first if lead > 0 else second
