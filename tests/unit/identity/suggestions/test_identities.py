from __future__ import annotations

import math

import numpy as np
import pytest

from chassis.domain.calibration import EmbedderCalibration, PersonCalibration
from contracts.rows import ClusterCentroid, Identity
from services.identity.facebank.gallery import Reference, make_gallery
from services.identity.rules import IdentityThresholds, LinkRules
from services.identity.suggestions.autolink import decide_auto_links
from services.identity.suggestions.evidence import gather_evidence, strength
from services.identity.suggestions.identities import (
    CastMatch,
    CastSuggestions,
    get_cast_suggestions,
    get_rescued_clusters,
)
from services.identity.suggestions.second_look import identity_distance
from tests.unit.identity.builders import (
    DIMENSION,
    MODEL,
    between,
    evidence_of,
    gallery_of,
    make_identity,
    make_link,
    make_track,
    person_vector,
)

RULES = IdentityThresholds()

CALIBRATION = EmbedderCalibration(
    MODEL, midpoint=0.31, scale=0.05, measured=PersonCalibration(0.246, 0.061, 0.537, 0.063)
)
CAST = [
    gallery_of(name, person_vector(at), person_vector(at, off=0.2)) for at, name in enumerate(("ada", "boris", "chloe"))
]


def suggestion(number: int, cast_id: str, probability: float, margin: float = 0.9) -> CastSuggestions:
    match = CastMatch(cast_id, probability, 0.3, log_ratio=math.log(probability / (1.0 - probability)))
    return CastSuggestions(f"identity-{number:05d}", (match,), margin)


def test_a_cast_member_is_suggested_with_probability_and_margin() -> None:
    (found,) = get_cast_suggestions(
        [evidence_of(1, person_vector(1, off=0.1))], CAST, calibration=CALIBRATION, rules=RULES.link
    )
    assert found.best is not None
    assert found.best.cast_id == "boris"
    assert found.best.probability > 0.95
    assert found.margin > 0.9


def test_a_stranger_is_nobody_and_is_told_why() -> None:
    (found,) = get_cast_suggestions([evidence_of(1, person_vector(7))], CAST, calibration=CALIBRATION, rules=RULES.link)
    assert found.matches == ()
    assert found.reason == "Nobody in the facebank is similar enough."


def test_a_stranger_of_the_same_production_is_nobody_although_close_to_everybody() -> None:
    """People in one light and one room are all close; only being clearly closer to one of them names somebody."""
    room = np.ones(DIMENSION) / np.sqrt(DIMENSION)
    faces = [between(room, person_vector(at), 0.15) for at in range(4)]
    cast = [gallery_of(name, vector) for name, vector in zip(("ada", "boris", "chloe"), faces, strict=False)]
    away = np.linalg.norm(faces[3] - faces[0])
    assert CALIBRATION.probability(float(away)) > 0.5, "by distance alone this would be everybody"
    people = [evidence_of(1, faces[3]), evidence_of(2, faces[0])]
    stranger, ada = get_cast_suggestions(people, cast, calibration=CALIBRATION, rules=RULES.link)
    linked = decide_auto_links([stranger, ada], people, rules=RULES.link).links
    assert [(link.identity_id, link.cast_id) for link in linked] == [("identity-00002", "ada")]


def test_one_wrong_picture_in_a_gallery_does_not_attract_everybody() -> None:
    spoiled = gallery_of("ada", person_vector(0), person_vector(0, off=0.2), person_vector(1, off=0.02))
    (found,) = get_cast_suggestions(
        [evidence_of(1, person_vector(1, off=0.05))],
        [spoiled, CAST[1], CAST[2]],
        calibration=CALIBRATION,
        rules=RULES.link,
    )
    assert found.best is not None
    assert found.best.cast_id == "boris"


def test_one_wrong_track_in_a_cluster_does_not_lose_the_name() -> None:
    good = [person_vector(0, off=off) for off in (0.05, 0.1, 0.15)]
    clean, mixed = evidence_of(1, *good), evidence_of(2, *good, person_vector(7))
    for person in (clean, mixed):
        (found,) = get_cast_suggestions([person], CAST, calibration=CALIBRATION, rules=RULES.link)
        assert found.best is not None
        assert (found.best.cast_id, found.best.probability > 0.9) == ("ada", True)


def test_an_identity_without_vectors_is_not_guessed_at() -> None:
    (found,) = get_cast_suggestions([evidence_of(1)], CAST, calibration=CALIBRATION, rules=RULES.link)
    assert (found.matches, found.reason) == ((), "None of its faces is good enough to recognise.")
    with pytest.raises(ValueError, match="no usable vectors"):
        identity_distance(evidence_of(1), CAST[0].vectors, count=2)


def test_an_empty_facebank_names_nobody() -> None:
    for galleries in ([], [gallery_of("ada")]):
        (found,) = get_cast_suggestions(
            [evidence_of(1, person_vector(0))], galleries, calibration=CALIBRATION, rules=RULES.link
        )
        assert found.matches == ()


def test_pictures_of_another_model_are_no_empty_facebank() -> None:
    """After an upgrade with another embedder nobody is named, and the reason leads to what mends it."""
    old = Reference(picture="a", vector=person_vector(0), quality=0.9, model_id="the-model-before")
    gallery = make_gallery("ada", [old], model_id=MODEL, dimension=DIMENSION, rules=RULES.gallery)
    (found,) = get_cast_suggestions(
        [evidence_of(1, person_vector(0))], [gallery], calibration=CALIBRATION, rules=RULES.link
    )
    assert found.matches == ()
    assert "screenalytics models use" in (found.reason or "")


def test_a_gallery_of_another_model_is_never_compared() -> None:
    with pytest.raises(ValueError, match="test-embedder"):
        get_cast_suggestions(
            [evidence_of(1, person_vector(0))],
            CAST,
            calibration=EmbedderCalibration("other", 0.55, 0.03),
            rules=RULES.link,
        )


def test_a_dismissed_suggestion_stays_dismissed() -> None:
    person = evidence_of(1, person_vector(0, off=0.1))
    for dismissed in ({("identity-00001", "ada")}, {("identity-00001", None)}):
        (found,) = get_cast_suggestions([person], CAST, calibration=CALIBRATION, dismissed=dismissed, rules=RULES.link)
        assert found.matches == ()
        decision = decide_auto_links([suggestion(1, "ada", 0.999)], [person], dismissed=dismissed, rules=RULES.link)
        assert decision.links == ()


def test_dismissing_the_best_does_not_make_the_second_best_sure() -> None:
    """The dismissed one still counts as runner-up."""
    twins = [gallery_of("ada", person_vector(0)), gallery_of("boris", person_vector(0, off=0.2)), CAST[2]]
    person = evidence_of(1, person_vector(0, off=0.1))
    (found,) = get_cast_suggestions(
        [person], twins, calibration=CALIBRATION, dismissed={("identity-00001", "ada")}, rules=RULES.link
    )
    assert decide_auto_links([found], [person], rules=RULES.link).links == ()


def test_a_sure_match_is_linked_and_a_doubtful_one_is_not() -> None:
    people = [evidence_of(1, person_vector(0)), evidence_of(2, person_vector(1)), evidence_of(3, person_vector(2))]
    decision = decide_auto_links(
        [suggestion(1, "ada", 0.985), suggestion(2, "boris", 0.8), suggestion(3, "chloe", 0.985, margin=0.1)],
        people,
        rules=RULES.link,
    )
    assert [(link.identity_id, link.cast_id) for link in decision.links] == [("identity-00001", "ada")]


def test_few_or_poor_faces_need_more_to_be_linked() -> None:
    strong = evidence_of(1, person_vector(0))
    few = evidence_of(1, person_vector(0), samples=1)
    poor = evidence_of(1, person_vector(0), quality=0.1)
    worst = evidence_of(1, person_vector(0), low_quality=True)
    assert (
        strength(strong, rules=RULES.link)
        == 1.0
        > strength(few, rules=RULES.link)
        > strength(worst, rules=RULES.link)
        == 0.0
    )
    for probability, expected in ((0.982, [strong]), (0.995, [strong, few, poor, worst])):
        linked = [
            one
            for one in (strong, few, poor, worst)
            if decide_auto_links([suggestion(1, "ada", probability)], [one], rules=RULES.link).links
        ]
        assert linked == expected


def test_one_member_may_be_several_identities_that_never_meet() -> None:
    people = [
        evidence_of(1, person_vector(0), presence=((0.0, 5.0),)),
        evidence_of(2, person_vector(0), presence=((5.0, 9.0),)),
    ]
    decision = decide_auto_links([suggestion(1, "ada", 0.985), suggestion(2, "ada", 0.985)], people, rules=RULES.link)
    assert len(decision.links) == 2
    assert decision.conflicts == ()


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(0.985, 0.99, None), (0.99999, 0.985, "identity-00001"), (0.985, 0.99999, "identity-00002")],
)
def test_a_conflict_is_shown_and_only_the_clearly_better_is_linked(
    first: float, second: float, kept: str | None
) -> None:
    people = [
        evidence_of(1, person_vector(0), presence=((0.0, 5.0),)),
        evidence_of(2, person_vector(0), presence=((3.0, 9.0),)),
    ]
    decision = decide_auto_links([suggestion(1, "ada", first), suggestion(2, "ada", second)], people, rules=RULES.link)
    (conflict,) = decision.conflicts
    assert (conflict.cast_id, conflict.seconds, conflict.kept) == ("ada", 2.0, kept)
    assert [link.identity_id for link in decision.links] == ([kept] if kept else [])
    assert "please decide" in conflict.message


def test_what_an_operator_linked_wins_over_a_better_proposal_at_the_same_time() -> None:
    people = [evidence_of(1, person_vector(0)), evidence_of(2, person_vector(0))]
    decision = decide_auto_links(
        [suggestion(2, "ada", 0.9999)], people, existing=[make_link(1, "ada", by="operator")], rules=RULES.link
    )
    assert decision.links == ()
    assert decision.conflicts[0].kept == "identity-00001"


def test_operators_links_and_locked_identities_are_left_alone() -> None:
    linked, locked = evidence_of(1, person_vector(0)), evidence_of(2, person_vector(1), locked=True)
    decision = decide_auto_links(
        [suggestion(1, "ada", 0.999), suggestion(2, "boris", 0.999)],
        [linked, locked],
        existing=[make_link(1, "chloe", by="operator")],
        rules=RULES.link,
    )
    assert decision.links == ()


def test_an_overlap_within_the_tolerance_is_no_conflict() -> None:
    people = [
        evidence_of(1, person_vector(0), presence=((0.0, 5.0),)),
        evidence_of(2, person_vector(0), presence=((4.9, 9.0),)),
    ]
    decision = decide_auto_links([suggestion(1, "ada", 0.985), suggestion(2, "ada", 0.985)], people, rules=LinkRules())
    assert (len(decision.links), decision.conflicts) == (2, ())


def test_evidence_brings_tracks_vectors_and_centroids_together() -> None:
    tracks = [make_track(1, 0, 2, row=1, samples=6, quality=0.8), make_track(2, 5, 6, row=0, samples=2, quality=0.4)]
    vectors = np.array([person_vector(1), person_vector(0)])
    (person,), problems = gather_evidence(
        [make_identity(1, *tracks)],
        tracks=tracks,
        track_vectors=vectors,
        centroids=[],
        model_id=MODEL,
        dimension=DIMENSION,
    )
    assert problems == ()
    assert (person.presence, person.samples, person.weights) == (((0, 2), (5, 6)), 8, (6, 2))
    assert person.quality == pytest.approx(0.7)
    assert person.centroid is not None
    towards = [float(np.dot(person.centroid, person_vector(at))) for at in (0, 1)]
    assert towards[0] > towards[1] > 0


def test_evidence_of_another_model_is_reported_and_left_out() -> None:
    tracks = [make_track(1, 0, 2, row=0, model_id="old"), make_track(2, 5, 6, row=9), make_track(3, 8, 9)]
    stored = ClusterCentroid(identity_id="identity-00001", centroid=(1.0, 0.0), members=1, model_id=MODEL, dimension=2)
    (person,), problems = gather_evidence(
        [make_identity(1, *tracks)],
        tracks=tracks,
        track_vectors=np.array([person_vector(0)]),
        centroids=[stored],
        model_id=MODEL,
        dimension=DIMENSION,
    )
    assert person.centroid is None
    assert person.low_quality
    assert len(problems) == 3
    assert "old" in problems[0]


def test_rescued_clusters_are_listed_the_most_rescued_first() -> None:
    tracks = [make_track(number, number, number + 1) for number in range(4)]
    untouched = make_identity(1, tracks[0])
    partly = make_identity(2, tracks[1], tracks[2]).model_copy(update={"rescued_track_ids": (tracks[2].track_id,)})
    wholly: Identity = make_identity(3, tracks[3]).model_copy(update={"provenance": "rescued"})
    clusters = get_rescued_clusters([untouched, partly, wholly])
    assert [(one.identity_id, len(one.rescued_track_ids), one.wholly_rescued) for one in clusters] == [
        ("identity-00003", 1, True),
        ("identity-00002", 1, False),
    ]
