from __future__ import annotations

from contracts.ids import identity_id
from services.identity.links.transitions import LinkState
from services.identity.rules import IdentityThresholds
from services.identity.suggestions.apply_all import choose_suggestions
from services.identity.suggestions.evidence import IdentityEvidence
from services.identity.suggestions.identities import CastMatch, CastSuggestions
from tests.unit.identity.builders import evidence_of, make_link, person_vector

RULES = IdentityThresholds()


def person(number: int, *, start: float = 0.0) -> IdentityEvidence:
    return evidence_of(number, person_vector(number), presence=((start, start + 5.0),))


def suggested(number: int, probability: float, margin: float = 0.9, cast_id: str = "ada") -> CastSuggestions:
    return CastSuggestions(identity_id(number), (CastMatch(cast_id, probability, 0.2),), margin)


def choose(
    *suggestions: CastSuggestions,
    evidence: list[IdentityEvidence] | None = None,
    state: LinkState | None = None,
    locked: frozenset[str] = frozenset(),
) -> tuple[list[str], dict[str, str]]:
    people = evidence or [person(n, start=10.0 * n) for n in range(1, 6)]
    links, skipped = choose_suggestions(
        suggestions,
        people,
        state=state or LinkState(),
        locked=locked,
        min_probability=0.8,
        min_margin=0.5,
        rules=RULES.link,
    )
    return [link.identity_id for link in links], {entry.identity_id: entry.code for entry in skipped}


def test_only_sure_and_clear_suggestions_are_taken() -> None:
    applied, skipped = choose(
        suggested(1, 0.8, 0.5),
        suggested(2, 0.79),
        suggested(3, 0.99, 0.4),
        CastSuggestions(identity_id(4), (), 0.0, "Nobody."),
    )
    assert applied == [identity_id(1)]
    assert skipped == {identity_id(2): "improbable", identity_id(3): "unclear", identity_id(4): "no_suggestion"}


def test_a_weak_cluster_counts_as_any_other_because_a_person_asked() -> None:
    weak = evidence_of(1, person_vector(1), samples=1, quality=0.1, low_quality=True)
    assert choose(suggested(1, 0.85), evidence=[weak])[0] == [identity_id(1)]


def test_locks_and_decisions_stay() -> None:
    state = LinkState(links=(make_link(1, "boris", by="operator"), make_link(2, "boris")))
    applied, skipped = choose(
        *(suggested(n, 0.95) for n in range(1, 4)), state=state, locked=frozenset({identity_id(3)})
    )
    assert applied == []
    assert skipped == {identity_id(1): "decided", identity_id(2): "linked", identity_id(3): "locked"}


def test_nobody_becomes_two_people_at_once() -> None:
    together = [person(1), person(2), person(3, start=50.0)]
    applied, skipped = choose(*(suggested(n, 0.9) for n in (1, 2, 3)), evidence=together)
    assert (applied, skipped) == ([identity_id(3)], {identity_id(1): "simultaneous", identity_id(2): "simultaneous"})
    state = LinkState(links=(make_link(1, "ada"),))
    applied, skipped = choose(suggested(1, 0.9), suggested(2, 0.9), evidence=together, state=state)
    assert (applied, skipped[identity_id(2)]) == ([], "simultaneous")
