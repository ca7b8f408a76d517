"""One person twice in the picture is named twice and flagged; two who look alike are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.rules import LinkRules
from services.identity.suggestions.autolink import AutoLinkDecision, decide_auto_links
from services.identity.suggestions.evidence import gather_evidence
from services.identity.suggestions.identities import CastMatch, CastSuggestions
from services.identity.suggestions.twice import copy_ratio
from tests.unit.identity.builders import (
    DIMENSION,
    MODEL,
    evidence_of,
    make_identity,
    make_link,
    make_track,
    person_vector,
)

MIDPOINT = 0.3
WHOLE = ((0.0, 5.0),)
BOTH = ["identity-00001", "identity-00002"]


def suggestion(number: int, probability: float, margin: float = 0.9) -> CastSuggestions:
    log_ratio = math.log(probability / (1.0 - probability))
    match = CastMatch(cast_id="ada", probability=probability, distance=0.2, log_ratio=log_ratio)
    return CastSuggestions(f"identity-{number:05d}", (match,), margin)


def decided(
    ratio: float,
    *,
    probability: float = 0.982,
    second: float = 0.982,
    midpoint: float | None = MIDPOINT,
    linked: bool = False,
) -> AutoLinkDecision:
    """Of two faces on screen together, `ratio` midpoints apart."""
    people = [
        evidence_of(1, person_vector(0), spans=WHOLE),
        evidence_of(2, person_vector(0, off=ratio * MIDPOINT), spans=WHOLE),
    ]
    found = [suggestion(1, probability), suggestion(2, second)]
    existing = [make_link(1, "ada", by="operator")] if linked else []
    return decide_auto_links(found, people, existing=existing, midpoint=midpoint, rules=LinkRules())


def names(decision: AutoLinkDecision) -> list[str]:
    return [link.identity_id for link in decision.links]


def test_a_face_and_its_copy_are_both_named_and_flagged() -> None:
    decision = decided(0.2)
    assert names(decision) == BOTH
    (conflict,) = decision.conflicts
    assert conflict.twice and conflict.kept is None and conflict.seconds == 5.0
    assert "twice" in conflict.message and "count once" in conflict.message


@pytest.mark.parametrize("ratio", [0.7, 1.0, 1.5])
@pytest.mark.parametrize("probability", [0.982, 0.9999])
def test_two_who_look_alike_never_get_one_name(ratio: float, probability: float) -> None:
    decision = decided(ratio, probability=probability, second=probability)
    assert names(decision) == []
    assert not decision.conflicts[0].twice and "please decide" in decision.conflicts[0].message


def test_a_less_exact_copy_counts_beside_somebody_who_is_named_for_sure() -> None:
    assert names(decided(0.5)) == []
    assert names(decided(0.5, probability=0.999)) == BOTH
    assert names(decided(0.5, linked=True)) == ["identity-00002"]


def test_without_a_calibration_nothing_says_that_it_is_a_copy() -> None:
    assert names(decided(0.2, midpoint=None)) == []


def test_every_simultaneous_pair_of_tracks_has_to_be_a_copy() -> None:
    spans = ((0.0, 2.0), (3.0, 5.0))
    vectors = [person_vector(0), person_vector(0)]
    one = evidence_of(1, *vectors, presence=spans, spans=spans)
    same = evidence_of(2, *vectors, presence=spans, spans=spans)
    other = evidence_of(3, person_vector(0), person_vector(0, off=0.3), presence=spans, spans=spans)
    rules = LinkRules()
    assert copy_ratio(one, same, midpoint=MIDPOINT, rules=rules) == pytest.approx(0.0, abs=1e-6)
    assert copy_ratio(one, other, midpoint=MIDPOINT, rules=rules) == pytest.approx(1.0, abs=0.05)


def test_most_of_the_time_together_has_to_be_compared() -> None:
    one = evidence_of(1, person_vector(0), spans=WHOLE)
    partly = evidence_of(2, person_vector(0), presence=WHOLE, spans=((0.0, 2.0),))
    assert copy_ratio(one, partly, midpoint=MIDPOINT, rules=LinkRules()) is None
    assert copy_ratio(one, evidence_of(3, presence=WHOLE), midpoint=MIDPOINT, rules=LinkRules()) is None


@given(st.floats(0.0, 3.0), st.floats(0.982, 0.99999), st.floats(0.982, 0.99999))
def test_nearer_faces_are_never_less_of_a_copy(ratio: float, first: float, second: float) -> None:
    far, near = decided(ratio, probability=first, second=second), decided(ratio / 2, probability=first, second=second)
    assert not far.conflicts[0].twice or near.conflicts[0].twice


def test_evidence_knows_when_each_prototype_is_on_screen() -> None:
    tracks = [make_track(1, 0, 2, row=1), make_track(2, 5, 6, row=0)]
    vectors = np.array([person_vector(1), person_vector(0)])
    (person,), _ = gather_evidence(
        [make_identity(1, *tracks)],
        tracks=tracks,
        track_vectors=vectors,
        centroids=[],
        model_id=MODEL,
        dimension=DIMENSION,
    )
    assert person.track_spans == ((0.0, 2.0), (5.0, 6.0))
