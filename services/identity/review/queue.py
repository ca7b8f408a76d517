"""One list of all questions, the most valuable first, and where going on no longer pays. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chassis.domain.intervals import total, union
from services.identity.review.grouping import pair_questions, stray_questions, two_people_questions
from services.identity.review.naming import conflict_questions, naming_questions
from services.identity.review.questions import Kind, Question
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules

NAMED_BY_TYPING: frozenset[Kind] = frozenset({"who"})


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The questions in order: those that pay, those that do not, those put off.

    `undecided_s` are the visible seconds of everybody who is asked about by name, `extras_s` those of extras, `total_s`
    all with a face in them that counts.
    """

    questions: tuple[Question, ...]
    pays: int
    undecided_s: float
    extras_s: float
    total_s: float

    @property
    def decided_s(self) -> float:
        return round(max(0.0, self.total_s - self.undecided_s - self.extras_s), 3)


def make_queue(now: Situation, rules: ReviewRules, *, later: Collection[str] = ()) -> Queue:
    """Every open question of an episode; `later` are ids of those that somebody put off.

    Worth is seconds at stake times doubt (uncertainty sampling: Lewis & Gale 1994; by the number of operations an answer
    takes: Tian et al. 2007), so a question that has to be typed comes after one of the same worth that takes a key.
    """
    found = [
        question.model_copy(update={"later": question.id in later})
        for question in _questions(now, rules)
        if question.id not in now.links.settled
    ]
    ordered = sorted(found, key=lambda question: _place(question, rules))
    open_people = {one.identity_id for one in ordered if one.kind in {"is_this", "who", "leftover"}}
    undecided = {one for one in open_people if now.links.link_of(one) is None}
    return Queue(
        questions=tuple(ordered),
        pays=sum(one.worth_s >= rules.least_worth_s and not one.later for one in ordered),
        undecided_s=_seconds(now, undecided),
        extras_s=_seconds(now, now.links.extras),
        total_s=_seconds(now, now.identities),
    )


def _questions(now: Situation, rules: ReviewRules) -> Iterator[Question]:
    naming = list(naming_questions(now, rules))
    yield from naming
    yield from conflict_questions(now, rules)
    by_name = frozenset((one.identity_id, one.cast_id) for one in naming if one.cast_id is not None)
    yield from pair_questions(now, rules, by_name)
    halves = list(two_people_questions(now, rules))
    yield from halves
    yield from stray_questions(now, rules, frozenset(track for one in halves for track in one.track_ids))


def _place(question: Question, rules: ReviewRules) -> tuple[bool, float, str]:
    keys = rules.name_costs if question.kind in NAMED_BY_TYPING else 1.0
    return question.later, -question.worth_s / keys, question.id


def _seconds(now: Situation, identity_ids: Collection[str]) -> float:
    """Seconds in which any of them is visible, each counted for itself."""
    return round(sum(total(union(now.visible.get(one, ()))) for one in identity_ids), 3)


def find_question(questions: Sequence[Question], question_id: str) -> Question | None:
    return next((one for one in questions if one.id == question_id), None)
