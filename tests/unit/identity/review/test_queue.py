"""What is asked about an episode, in which order, and what is not asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contracts.ids import identity_id, track_id
from contracts.rows import GroupingDoubts, LikelySame, LikelyStray, LikelyTwo
from services.identity.links.conflicts import Clash
from services.identity.links.transitions import Dismissal, LinkState
from services.identity.review.evidence import most_different
from services.identity.review.extras import settles
from services.identity.review.queue import make_queue
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules
from services.identity.suggestions.identities import CastMatch, CastSuggestions
from services.identity.suggestions.temporal import TemporalSuggestion
from tests.unit.identity.builders import EP, RUN, make_face, make_identity, make_link, make_track, person_vector

RULES = ReviewRules(stranger_named=1.0, stranger_not_named=1.0)
ONE, TWO, THREE = (identity_id(number) for number in (1, 2, 3))
SECONDS = {ONE: 40.0, TWO: 20.0, THREE: 4.0}


def suggested(number: int, *matches: tuple[str, float]) -> CastSuggestions:
    found = tuple(CastMatch(cast_id, probability, 0.3) for cast_id, probability in matches)
    return CastSuggestions(identity_id(number), found, found[0].probability if found else 0.0)


def doubts(**more: Any) -> GroupingDoubts:
    return GroupingDoubts(ep_id=EP, run_id=RUN, revision=1, **{"same": (), "strays": (), "two": (), **more})


def situation(**more: Any) -> Situation:
    """Three people of 40, 20 and 4 s, nobody suggested for any; there are pictures of the whole cast."""
    rows = {
        one: [make_track(number, start, start + SECONDS[one])]
        for number, (one, start) in enumerate(zip(SECONDS, (0.0, 50.0, 80.0), strict=True), start=1)
    }
    return replace(
        Situation(
            ep_id=EP,
            identities={one: make_identity(number, *rows[one]) for number, one in enumerate(SECONDS, start=1)},
            members=rows,
            visible={one: ((own[0].start_s, own[0].end_s),) for one, own in rows.items()},
            links=LinkState(),
            names={"ada": "Ada", "bo": "Bo"},
            suggestions={},
            temporal=(),
            clashes=(),
            doubts=None,
            pictured=frozenset({"ada", "bo"}),
        ),
        **more,
    )


def asked(now: Situation, **more: Any) -> list[tuple[str, str]]:
    return [(one.kind, one.identity_id) for one in make_queue(now, RULES, **more).questions]


def test_who_is_longest_on_screen_is_asked_first() -> None:
    assert asked(situation()) == [("who", ONE), ("who", TWO), ("who", THREE)]


def test_of_participants_alone_nothing_is_asked_about_passers_by() -> None:
    queue = make_queue(situation(), RULES, about={ONE, TWO})
    assert [(one.kind, one.identity_id) for one in queue.questions] == [("who", ONE), ("who", TWO)]
    assert (queue.total_s, queue.undecided_s, queue.decided_s) == (60.0, 60.0, 0.0)


def test_a_picture_on_the_wall_is_asked_about_last() -> None:
    assert asked(situation(figures={ONE: 0.99})) == [("who", TWO), ("who", THREE), ("who", ONE)]


def test_one_key_goes_before_a_name_to_type_of_the_same_worth() -> None:
    now = situation(suggestions={TWO: suggested(2, ("ada", 0.9))})
    assert asked(now)[:2] == [("is_this", TWO), ("who", ONE)]
    (first, *_) = make_queue(now, RULES).questions
    assert (first.sentence, first.worth_s, first.cast_name) == ("Is this Ada?", 19.0, "Ada")
    answers = {one.answer: one for one in first.answers}
    assert (answers["yes"].method, answers["yes"].path) == ("PUT", f"/links/{EP}/{TWO}")
    assert (answers["yes"].effect_s, answers["yes"].body) == (20.0, {"cast_id": "ada"})


@pytest.mark.parametrize(("sure", "kind"), [(0.99, "who"), (0.5, "is_this")])
def test_nobody_is_asked_whether_somebody_is_whom_they_are_in_one_picture_with(sure: float, kind: str) -> None:
    """Unless the other one is less likely to be them."""
    now = situation(
        links=LinkState(links=(make_link(1, "ada", sure),)),
        suggestions={TWO: suggested(2, ("ada", 0.9))},
        visible={ONE: ((0.0, 40.0),), TWO: ((30.0, 50.0),), THREE: ((80.0, 84.0),)},
    )
    (found,) = (one for one in make_queue(now, RULES).questions if one.identity_id == TWO)
    assert (found.kind, bool(found.choices)) == (kind, kind == "is_this")


def test_a_sure_link_of_the_machine_is_worth_next_to_nothing_and_a_persons_none() -> None:
    links = LinkState(links=(make_link(1, "ada", 0.99), make_link(2, "bo", 1.0, "operator")))
    queue = make_queue(situation(links=links, suggestions={ONE: suggested(1, ("ada", 0.99))}), RULES)
    assert [(one.kind, one.identity_id) for one in queue.questions] == [("who", THREE), ("is_this", ONE)]
    assert (queue.pays, queue.undecided_s, queue.decided_s, queue.total_s) == (1, 4.4, 59.6, 64.0)


@pytest.mark.parametrize("dismissed", [Dismissal(identity_id=ONE), Dismissal(identity_id=ONE, extra=True)])
def test_dismissed_people_and_extras_are_not_asked_about(dismissed: Dismissal) -> None:
    now = situation(links=LinkState(dismissed=(dismissed,)))
    assert ("who", ONE) not in asked(now)
    assert make_queue(now, RULES).extras_s == (40.0 if dismissed.extra else 0.0)


def test_locked_people_are_not_asked_about() -> None:
    now = situation()
    people = {**now.identities, ONE: now.identities[ONE].model_copy(update={"locked": True})}
    same = LikelySame(first=ONE, second=TWO, distance=0.9)
    assert ONE not in dict(asked(replace(now, identities=people, doubts=doubts(same=(same,))))).values()


def test_what_is_settled_is_gone_and_what_is_put_off_comes_last() -> None:
    now = situation()
    first, second, _ = make_queue(now, RULES).questions
    settled = Dismissal(identity_id=ONE, question=first.id)
    assert first.id not in [
        one.id for one in make_queue(replace(now, links=LinkState(dismissed=(settled,))), RULES).questions
    ]
    queue = make_queue(now, RULES, later={first.id})
    assert (queue.questions[-1].id, queue.questions[0].id, queue.pays) == (first.id, second.id, 2)
    assert queue.questions[-1].later


def test_who_looks_like_somebody_named_here_may_be_them_if_there_are_no_better_pictures() -> None:
    same = LikelySame(first=TWO, second=ONE, distance=0.8)
    named = LinkState(links=(make_link(1, "ada", 1.0, "operator"),))
    now = situation(links=named, doubts=doubts(same=(same,)), pictured=())
    (question, *_) = make_queue(now, RULES).questions
    assert (question.kind, question.identity_id, question.cast_id) == ("is_this", TWO, "ada")
    assert 0.7 < question.choices[0].probability < 0.8
    apart = LinkState(links=named.links, dismissed=(Dismissal(identity_id=TWO, cast_id="ada"),))
    assert asked(replace(now, links=apart))[0] == ("who", TWO), "somebody said that it is not Ada"
    assert asked(replace(now, pictured={"ada"}))[0] == ("who", TWO), "Ada's pictures say that it is not her"


def test_two_without_a_name_are_asked_about_only_where_neither_is_asked_by_name() -> None:
    """Whoever is named first is offered for the other one, which is one key as well."""
    now = situation(doubts=doubts(same=(LikelySame(first=TWO, second=ONE, distance=0.8),)))
    assert "same" not in dict(asked(now))
    nobodies = LinkState(dismissed=(Dismissal(identity_id=ONE), Dismissal(identity_id=TWO)))
    (pair,) = [one for one in make_queue(replace(now, links=nobodies), RULES).questions if one.kind == "same"]
    assert (pair.identity_id, pair.other_id, pair.at_stake_s) == (TWO, ONE, 20.0)
    assert pair.answers[0].body == {"kind": "merge", "target": ONE, "sources": [TWO]}


def test_those_of_the_cast_who_are_missing_are_offered_for_whoever_nobody_knows() -> None:
    now = situation(pictured=(), listed={"ada", "bo"})
    offered = {one.identity_id: [choice.name for choice in one.choices] for one in make_queue(now, RULES).questions}
    assert offered == {ONE: ["Ada", "Bo"], TWO: ["Ada", "Bo"], THREE: ["Ada", "Bo"]}
    named = replace(now, links=LinkState(links=(make_link(1, "ada", 1.0, "operator"),)))
    first = make_queue(named, RULES).questions[0]
    assert ([choice.name for choice in first.choices], first.kind) == (["Bo"], "who"), "no face says that it is Bo"


def test_nobody_more_has_a_name_than_the_cast_list_has_names_left_and_one() -> None:
    everybody = LinkState(links=(make_link(1, "ada", 1.0, "operator"), make_link(2, "bo", 1.0, "operator")))
    (last,) = make_queue(situation(links=everybody, pictured=(), listed={"ada", "bo"}), RULES).questions
    assert (last.identity_id, last.doubt) == (THREE, 0.5)


def test_of_a_cast_list_whoever_is_longer_on_screen_is_likelier() -> None:
    doubts_of = {
        one.identity_id: one.doubt for one in make_queue(situation(pictured=(), listed={"ada"}), RULES).questions
    }
    assert doubts_of == pytest.approx({ONE: 0.7784, TWO: 0.5678, THREE: 0.1538}, abs=1e-4)


def test_every_name_makes_it_likelier_that_strangers_have_one_and_every_extra_less_likely() -> None:
    def doubt(links: LinkState) -> float:
        return next(one.doubt for one in make_queue(situation(links=links, pictured=()), RULES).questions)

    assert doubt(LinkState()) == 0.5
    assert doubt(LinkState(links=(make_link(1, "ada", 1.0, "operator"),))) == pytest.approx(2 / 3, abs=1e-4)
    assert doubt(LinkState(dismissed=(Dismissal(identity_id=ONE, extra=True),))) == pytest.approx(1 / 3, abs=1e-4)


def test_people_who_are_likely_all_extras_are_one_question() -> None:
    rules = RULES.model_copy(update={"stranger_named": 0.05, "stranger_not_named": 0.95})
    (question,) = make_queue(situation(), rules).questions
    assert (question.kind, question.identity_ids, question.at_stake_s) == ("extras", (ONE, TWO, THREE), 64.0)
    assert question.sentence == "Are these 3 people all extras?"
    yes, no = question.answers
    assert (yes.path, yes.body) == (f"/extras/{EP}", {"identity_ids": [ONE, TWO, THREE]})
    assert (no.path, no.body) == (f"/review/{EP}/settle", {"id": question.id})
    one_by_one = LinkState(
        dismissed=tuple(Dismissal(identity_id=person, question=asked) for person, asked in settles(question))
    )
    alone = make_queue(situation(links=one_by_one), rules).questions
    assert [(one.kind, one.identity_id) for one in alone] == [("who", ONE), ("who", TWO), ("who", THREE)]


def test_two_in_one_is_asked_with_the_moment_that_proves_it_and_its_tracks_are_no_strays() -> None:
    rows = [make_track(1, 0, 20), make_track(4, 10, 15), make_track(5, 25, 40)]
    base = situation()
    two = LikelyTwo(identity_id=ONE, second=(rows[1].track_id,), separation=0.8, simultaneous=1)
    stray = LikelyStray(track_id=rows[1].track_id, identity_id=ONE, distance=2.0)
    now = replace(
        base,
        identities={**base.identities, ONE: make_identity(1, *rows)},
        members={**base.members, ONE: rows},
        doubts=doubts(two=(two,), strays=(stray,)),
    )
    (question,) = [one for one in make_queue(now, RULES).questions if one.kind in {"two", "belongs"}]
    assert (question.kind, question.at_stake_s, question.conflict and question.conflict.start_s) == ("two", 5.0, 10.0)


def test_a_stray_goes_to_whom_it_is_nearer_to() -> None:
    rows = [make_track(1, 0, 20), make_track(4, 30, 33)]
    base = situation()
    stray = LikelyStray(
        track_id=rows[1].track_id, identity_id=ONE, distance=1.5, nearest_other=TWO, distance_to_other=0.9
    )
    now = replace(
        base,
        identities={**base.identities, ONE: make_identity(1, *rows)},
        members={**base.members, ONE: rows},
        doubts=doubts(strays=(stray,)),
    )
    (question,) = [one for one in make_queue(now, RULES).questions if one.kind == "belongs"]
    assert question.answers[1].body == {"kind": "move_tracks", "track_ids": [track_id(0, 4)], "target": TWO}
    assert (question.doubt > 0.9, question.at_stake_s) == (True, 3.0)


def test_one_member_in_two_places_is_one_question_a_pair() -> None:
    clashes = [
        Clash(
            cast_id="ada",
            identity_ids=pair,
            track_ids=(track_id(0, 1), track_id(0, 2)),
            start_s=5.0,
            end_s=7.0,
            seconds=2.0,
        )
        for pair in ((ONE, TWO), (TWO, ONE), (ONE, ONE))
    ]
    now = situation(
        clashes=clashes,
        links=LinkState(links=(make_link(1, "ada", 1.0, "operator"), make_link(2, "ada", 1.0, "operator"))),
    )
    (question,) = [one for one in make_queue(now, RULES).questions if one.kind == "two_places"]
    assert [(one.answer, one.method, one.path) for one in question.answers] == [
        ("first", "DELETE", f"/links/{EP}/{TWO}"),
        ("second", "DELETE", f"/links/{EP}/{ONE}"),
        ("both", "POST", f"/review/{EP}/settle"),
    ]


def test_a_leftover_is_asked_with_who_is_there_just_before() -> None:
    base = situation()
    left = {**base.identities, THREE: base.identities[THREE].model_copy(update={"reason": "No face is good enough."})}
    hint = TemporalSuggestion(THREE, "bo", 0.5, track_id(0, 3), track_id(0, 2), 0.6, 1.0, True)
    (question,) = [
        one
        for one in make_queue(replace(base, identities=left, temporal=(hint,)), RULES).questions
        if one.kind == "leftover"
    ]
    assert (question.cast_id, question.worth_s, question.answers[0].answer) == ("bo", 2.0, "yes")


def test_ids_stay_while_the_question_does() -> None:
    now = situation(suggestions={ONE: suggested(1, ("ada", 0.5))})
    later = situation(suggestions={ONE: suggested(1, ("ada", 0.8))})
    assert {one.id for one in make_queue(now, RULES).questions} == {
        one.id for one in make_queue(later, RULES).questions
    }


def test_evidence_begins_with_the_best_face_and_goes_on_with_the_least_like_it() -> None:
    faces = [make_face(number, float(number), row=number, score=0.9 - 0.1 * number) for number in range(4)]
    vectors = np.stack(
        [person_vector(0), person_vector(0, off=0.01), person_vector(0, off=0.4), person_vector(0, off=0.2)]
    )
    assert [face.frame_idx for face in most_different(faces, vectors, 3)] == [0, 2, 3]
    assert [face.frame_idx for face in most_different(faces, vectors[:0], 2)] == [0, 1]
