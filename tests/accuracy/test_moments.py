"""The judge of difficult sets: names, strangers, pictures of people and moments that may count either way."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.moments import MomentScore, score_moments
from benchmarks.truth import LabelsUnusable, Truth, find_episodes
from contracts.rows import Interval
from tests.accuracy.test_scoring import PEOPLE, RIGHT, TRUTH, result_of

WITH_STRANGER = replace(TRUTH, unknown={"x_1": ((0.0, 4.0),)})


def judged(truth: Truth, people: Mapping[str, Sequence[Interval]], *, named: frozenset[str] = PEOPLE) -> MomentScore:
    document = result_of(people, known=named).screen_time
    return score_moments(truth, document, known=PEOPLE)


def test_a_right_result_reaches_the_goals() -> None:
    scored = judged(TRUTH, RIGHT)
    assert scored.good
    assert (scored.named, scored.wrong_s, scored.too_much, scored.false_people_s) == (1.0, 0.0, 0.0, 0.0)
    assert scored.people_s == pytest.approx(12.0)


def test_somebody_without_a_name_is_neither_wrong_nor_too_much() -> None:
    scored = judged(TRUTH, RIGHT, named=frozenset({"ann"}))
    assert scored.named == pytest.approx(0.5)
    assert (scored.wrong_s, scored.too_much_s) == (0.0, 0.0)


def test_a_stranger_with_a_name_is_wrong() -> None:
    scored = judged(WITH_STRANGER, {"ann": RIGHT["ann"], "bob": ((0.0, 10.0),)})
    assert scored.wrong_s == pytest.approx(4.0)
    assert scored.too_much_s == 0.0


def test_a_stranger_who_stays_unidentified_is_right() -> None:
    assert judged(WITH_STRANGER, {**RIGHT, "somebody": ((0.0, 4.0),)}).good


def test_a_name_that_stays_after_its_person_has_gone_is_too_much() -> None:
    scored = judged(TRUTH, {**RIGHT, "bob": ((4.0, 11.0),)})
    assert (scored.wrong_s, scored.too_much_s) == (0.0, pytest.approx(1.0))


def test_pictures_of_people_are_false_people_and_their_names_wrong() -> None:
    truth = replace(TRUTH, figures=((10.0, 12.0),))
    scored = judged(truth, {**RIGHT, "doll": ((10.0, 11.5),), "bob": ((4.0, 10.0), (11.5, 12.0))})
    assert scored.false_people_s == pytest.approx(2.0)
    assert scored.wrong_s == pytest.approx(0.5)
    assert scored.too_much_s == 0.0


@pytest.mark.parametrize("end", [4.0, 5.0])
def test_open_moments_are_not_judged(end: float) -> None:
    truth = replace(TRUTH, either_way={"ann": ((4.0, 5.0),)})
    assert judged(truth, {**RIGHT, "ann": ((0.0, end), (8.0, 10.0))}).good


def test_labels_of_difficult_sets_are_read_with_the_cast_of_their_kind(tmp_path: Path) -> None:
    folder = tmp_path / "hard"
    (folder / "B-facebank" / "ann").mkdir(parents=True)
    labels = {
        "duration_s": 10,
        "fps": 25,
        "intervals_s": {"ann": [[0, 4]]},
        "unknown_intervals_s": {"x_1": [[2, 5]]},
        "either_way_s": {"ann": [[4, 5]]},
        "distractor_intervals_s": {"doll": [[6, 7]], "ape": [[7, 8]]},
        "cuts_s": [5.0],
    }
    (folder / "B-multi.truth.json").write_text(json.dumps(labels))
    with pytest.raises(LabelsUnusable, match="no video"):
        find_episodes(folder)
    (folder / "B-multi.mp4").write_bytes(b"")
    (episode,) = find_episodes(folder)
    assert episode.is_hard
    assert episode.cast == folder / "B-facebank"
    assert dict(episode.truth.everybody) == {"ann": ((0.0, 4.0),), "x_1": ((2.0, 5.0),)}
    assert episode.truth.figures == ((6.0, 8.0),)
    assert episode.truth.borders == (5.0,)
    assert episode.truth.either_way == {"ann": ((4.0, 5.0),)}
