"""Applying many suggestions at once: which, and why not the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.identity.links.history import Skipped
from services.identity.links.transitions import LinkState
from services.identity.rules import LinkRules
from services.identity.suggestions.autolink import ProposedLink, decide_auto_links
from services.identity.suggestions.evidence import IdentityEvidence
from services.identity.suggestions.identities import CastSuggestions


def choose_suggestions(
    suggestions: Sequence[CastSuggestions],
    evidence: Sequence[IdentityEvidence],
    *,
    state: LinkState,
    locked: Collection[str],
    min_probability: float,
    min_margin: float,
    rules: LinkRules,
) -> tuple[tuple[ProposedLink, ...], tuple[Skipped, ...]]:
    """The suggestions of at least that probability and margin, and the rest with reasons.

    Never one of a locked identity or one that people decided on; of two identities on screen together neither becomes
    the same cast member, unless one is clearly better.
    """
    skipped: dict[str, Skipped] = {}
    candidates = []
    for suggestion in suggestions:
        problem = _problem(suggestion, state, locked, min_probability, min_margin)
        if problem is None:
            candidates.append(suggestion)
        else:
            skipped[suggestion.identity_id] = Skipped(
                identity_id=suggestion.identity_id, code=problem[0], reason=problem[1]
            )
    demanded = rules.model_copy(
        update={
            "auto_probability": min_probability,
            "weak_probability": min_probability,
            "auto_margin": min_margin,
            "weak_margin": min_margin,
        }
    )
    standing = [link.model_copy(update={"by": "operator"}) for link in state.links]
    decision = decide_auto_links(candidates, evidence, existing=standing, rules=demanded)
    chosen = {link.identity_id for link in decision.links}
    for conflict in decision.conflicts:
        for identity in conflict.identity_ids:
            if identity not in chosen and state.link_of(identity) is None:
                skipped[identity] = Skipped(identity_id=identity, code="simultaneous", reason=conflict.message)
    return decision.links, tuple(skipped[identity] for identity in sorted(skipped))


def _problem(
    suggestion: CastSuggestions,
    state: LinkState,
    locked: Collection[str],
    min_probability: float,
    min_margin: float,
) -> tuple[str, str] | None:
    link, best = state.link_of(suggestion.identity_id), suggestion.best
    if suggestion.identity_id in locked:
        return "locked", "It is locked."
    if link is not None:
        return ("linked", "It has an automatic link.") if link.by == "auto" else ("decided", "It was linked by hand.")
    if suggestion.identity_id in state.extras:
        return "extra", "It is a background performer."
    if best is None:
        return "no_suggestion", suggestion.reason or "There is no suggestion."
    if best.probability < min_probability:
        return "improbable", f"Its best suggestion has probability {best.probability:.3f}."
    if suggestion.margin < min_margin:
        return "unclear", f"Its best suggestion is only {suggestion.margin:.3f} ahead of the next."
    return None
