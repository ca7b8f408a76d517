"""Faces of the episode that are known bear out others, and never more than that."""

from __future__ import annotations

import numpy as np
import pytest

from chassis.domain.arrays import Floats
from chassis.domain.calibration import EmbedderCalibration, PersonCalibration
from services.identity.facebank.gallery import Gallery
from services.identity.rules import LinkRules
from services.identity.suggestions.autolink import decide_auto_links
from services.identity.suggestions.evidence import IdentityEvidence
from services.identity.suggestions.identities import CastSuggestions, get_cast_suggestions
from tests.unit.identity.builders import MODEL, between, evidence_of, gallery_of, person_vector

RULES = LinkRules()
CALIBRATION = EmbedderCalibration(
    MODEL,
    midpoint=1.15,
    scale=0.05,
    measured=PersonCalibration(same_mean=0.7, same_deviation=0.17, stranger_mean=1.38, stranger_deviation=0.07),
)
PRESS, STAGE, NIGHT = person_vector(0), person_vector(8), person_vector(9)
SEEN = between(PRESS, STAGE, 0.5)
"""Ada as the pictures show her, half as on this stage: 0.77 from her pictures."""
DOUBTFUL = between(SEEN, NIGHT, 0.66)
"""Ada at night on this stage: as far from her pictures as to be in doubt, near to how she is seen."""
LOOK_ALIKE = between(STAGE, NIGHT, 0.3)
"""Somebody who resembles her on this stage only."""
CAST = [gallery_of("ada", PRESS, person_vector(0, off=0.12)), gallery_of("boris", person_vector(1))]


def shot(number: int, vector: Floats, *, samples: int = 8) -> IdentityEvidence:
    """An identity with a shot of its own."""
    return evidence_of(number, vector, samples=samples, presence=((10.0 * number, 10.0 * number + 5.0),))


def suggested(
    *people: IdentityEvidence,
    cast: list[Gallery] = CAST,
    confirmed: dict[str, str] | None = None,
    dismissed: frozenset[tuple[str, str | None]] = frozenset(),
) -> tuple[CastSuggestions, ...]:
    return get_cast_suggestions(
        people, cast, calibration=CALIBRATION, confirmed=confirmed, dismissed=dismissed, rules=RULES
    )


def probability(found: CastSuggestions, cast_id: str = "ada") -> float:
    return next((match.probability for match in found.matches if match.cast_id == cast_id), 0.0)


def test_a_sure_face_of_the_episode_bears_out_a_doubtful_one() -> None:
    (alone,) = suggested(shot(2, DOUBTFUL))
    sure, doubtful = suggested(shot(1, SEEN), shot(2, DOUBTFUL))
    assert 0.05 < probability(alone) < RULES.auto_probability
    assert probability(doubtful) > RULES.auto_probability
    assert doubtful.best is not None
    assert sure.best is not None
    assert (sure.best.seen_as, doubtful.best.seen_as) == ((), ("identity-00001",))
    people = [shot(1, SEEN), shot(2, DOUBTFUL)]
    links = decide_auto_links([sure, doubtful], people, rules=RULES).links
    assert [(link.cast_id, link.seen_as) for link in links] == [("ada", ()), ("ada", ("identity-00001",))]


def test_what_an_operator_confirmed_bears_out_others_too() -> None:
    stage_only = between(PRESS, NIGHT, 0.8)
    near = between(stage_only, person_vector(10), 0.3)
    _, before = suggested(shot(1, stage_only), shot(2, near))
    _, after = suggested(shot(1, stage_only), shot(2, near), confirmed={"identity-00001": "ada"})
    assert probability(after) > probability(before) + 0.3
    assert after.best is not None
    assert after.best.seen_as == ("identity-00001",)


def test_a_decision_for_somebody_else_takes_the_evidence_away() -> None:
    _, alone = suggested(shot(1, SEEN), shot(2, DOUBTFUL), confirmed={"identity-00001": "boris"})
    assert alone.best is None or alone.best.seen_as == ()
    _, dismissed = suggested(shot(1, SEEN), shot(2, DOUBTFUL), dismissed=frozenset({("identity-00001", "ada")}))
    assert dismissed.best is None or dismissed.best.seen_as == ()


def test_a_look_alike_of_the_episode_is_not_named_against_the_pictures() -> None:
    sure, look_alike = suggested(shot(1, between(PRESS, STAGE, 0.6)), shot(2, LOOK_ALIKE))
    assert probability(sure) > RULES.sure_probability
    assert probability(look_alike) < 0.5


def test_no_chain_leads_from_a_person_to_a_look_alike() -> None:
    """Every step is near the one before, and only the first is near the pictures."""
    steps = [between(SEEN, NIGHT, share) for share in np.linspace(0.0, 1.0, 9)]
    found = suggested(*(shot(number, step) for number, step in enumerate(steps, start=1)))
    for suggestion in found:
        if suggestion.best is not None:
            assert set(suggestion.best.seen_as) <= {
                other.identity_id for other in found if other.best is not None and not other.best.seen_as
            }
    assert probability(found[-1]) < 0.5


@pytest.mark.parametrize("samples", [1, 2])
def test_few_faces_bear_out_nobody(samples: int) -> None:
    _, doubtful = suggested(shot(1, SEEN, samples=samples), shot(2, DOUBTFUL))
    assert doubtful.best is None or doubtful.best.seen_as == ()


def test_two_at_once_who_are_both_sure_bear_out_nobody() -> None:
    at_once = [evidence_of(number, SEEN, presence=((0.0, 5.0),)) for number in (1, 3)]
    found = suggested(*at_once, shot(2, DOUBTFUL))
    assert found[-1].best is None or found[-1].best.seen_as == ()
