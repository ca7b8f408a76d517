from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.calibration import EmbedderCalibration
from contracts.rows import ClusterCentroid, Identity
from services.identity.rules import IdentityThresholds, LinkRules
from services.identity.suggestions.autolink import decide_auto_links, strength
from services.identity.suggestions.evidence import gather_evidence
from services.identity.suggestions.identities import (
    CastMatch,
    CastSuggestions,
    get_cast_suggestions,
    get_rescued_clusters,
    identity_distance,
    match_probabilities,
)
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

CALIBRATION = EmbedderCalibration(MODEL, midpoint=0.31, scale=0.05)
CAST = [
    gallery_of(name, person_vector(at), person_vector(at, off=0.2)) for at, name in enumerate(("ada", "boris", "chloe"))
]


def suggestion(number: int, cast_id: str, probability: float, margin: float = 0.9) -> CastSuggestions:
    return CastSuggestions(f"identity-{number:05d}", (CastMatch(cast_id, probability, 0.3),), margin)


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
    stranger, ada = get_cast_suggestions(
        [evidence_of(1, faces[3]), evidence_of(2, faces[0])], cast, calibration=CALIBRATION, rules=RULES.link
    )
    assert stranger.matches == ()
    assert stranger.reason is not None
    assert "Not clearly closer" in stranger.reason
    assert ada.best is not None
    assert ada.best.cast_id == "ada"


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
        identity_distance(evidence_of(1), CAST[0], references=2)


def test_an_empty_facebank_names_nobody() -> None:
    for galleries in ([], [gallery_of("ada")]):
        (found,) = get_cast_suggestions(
            [evidence_of(1, person_vector(0))], galleries, calibration=CALIBRATION, rules=RULES.link
        )
        assert found.matches == ()


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


@given(st.lists(st.floats(0.05, 1.4), min_size=1, max_size=10))
def test_at_most_one_member_is_more_probable_than_not(away: list[float]) -> None:
    probability = match_probabilities(
        {f"cast-{at}": value for at, value in enumerate(away)}, calibration=CALIBRATION, rules=RULES.link
    )
    assert all(0.0 <= value <= 1.0 for value in probability.values())
    assert sum(value > 0.5 for value in probability.values()) <= 1


def test_a_small_cast_needs_a_clearer_difference_than_a_large_one() -> None:
    def best(others: int) -> float:
        away = {"ada": 0.27, **{f"other-{at}": 0.4 for at in range(others)}}
        return match_probabilities(away, calibration=CALIBRATION, rules=RULES.link)["ada"]

    assert best(1) < best(3) < best(6) <= best(20)


def test_a_colleague_from_another_production_does_not_make_a_stranger_familiar() -> None:
    assert match_probabilities({"ada": 0.32, "fiona": 0.57}, calibration=CALIBRATION, rules=RULES.link)["ada"] < 0.5
    assert match_probabilities({"ada": 0.2, "fiona": 0.57}, calibration=CALIBRATION, rules=RULES.link)["ada"] > 0.95


def test_an_embedder_calibrated_on_photographs_names_a_person_across_photographs() -> None:
    """Such a calibration promises one person within 0.5 and strangers beyond 0.6."""
    photographs = EmbedderCalibration(MODEL, midpoint=0.55, scale=0.03)
    away = {"ada": 0.45, **{f"other-{at}": 0.65 for at in range(8)}}
    assert match_probabilities(away, calibration=photographs, rules=RULES.link)["ada"] > LinkRules().auto_probability
    assert match_probabilities(away, calibration=CALIBRATION, rules=RULES.link)["ada"] < LinkRules().auto_probability


def test_the_calibration_takes_away_from_what_the_cohort_says_but_never_adds() -> None:
    away = {"ada": 0.24, "boris": 0.36, "chloe": 0.38, "david": 0.4}
    strict = EmbedderCalibration(MODEL, midpoint=0.2, scale=0.05)
    lavish = EmbedderCalibration(MODEL, midpoint=5.0, scale=0.05)
    normal = match_probabilities(away, calibration=CALIBRATION, rules=RULES.link)["ada"]
    assert match_probabilities(away, calibration=strict, rules=RULES.link)["ada"] < normal
    ratio_alone = match_probabilities(away, calibration=lavish, rules=RULES.link)["ada"]
    assert 0.5 < normal <= ratio_alone < 1.0


def test_a_cast_of_one_is_not_everybody() -> None:
    assert match_probabilities({"ada": 0.15}, calibration=CALIBRATION, rules=RULES.link)["ada"] > 0.95
    assert match_probabilities({"ada": 0.4}, calibration=CALIBRATION, rules=RULES.link)["ada"] < 0.1


def test_a_sure_match_is_linked_and_a_doubtful_one_is_not() -> None:
    people = [evidence_of(1, person_vector(0)), evidence_of(2, person_vector(1)), evidence_of(3, person_vector(2))]
    decision = decide_auto_links(
        [suggestion(1, "ada", 0.95), suggestion(2, "boris", 0.8), suggestion(3, "chloe", 0.95, margin=0.1)],
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
    for probability, expected in ((0.9, [strong]), (0.995, [strong, few, poor, worst])):
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
    decision = decide_auto_links([suggestion(1, "ada", 0.95), suggestion(2, "ada", 0.96)], people, rules=RULES.link)
    assert len(decision.links) == 2
    assert decision.conflicts == ()


@pytest.mark.parametrize(
    ("first", "second", "kept"), [(0.95, 0.96, None), (0.9999, 0.9, "identity-00001"), (0.9, 0.9999, "identity-00002")]
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
    decision = decide_auto_links([suggestion(1, "ada", 0.95), suggestion(2, "ada", 0.95)], people, rules=LinkRules())
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
