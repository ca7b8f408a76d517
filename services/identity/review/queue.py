"""One list of all questions, the most valuable first, and where going on no longer pays. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from chassis.domain.intervals import total, union
from services.identity.review.extras import gather_extras
from services.identity.review.grouping import pair_questions, stray_questions, two_people_questions
from services.identity.review.naming import conflict_questions, naming_questions
from services.identity.review.questions import Kind, Question
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules

BY_NAME: frozenset[Kind] = frozenset({"is_this", "who", "leftover", "extras"})


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The questions in order: those that pay, those that do not, those put off.

    `undecided_s` are the visible seconds of everybody without a name who is asked about by name, and what the other
    questions are worth; `extras_s` those of extras, `total_s` all with a face in them that counts. **What all questions
    together are worth is never more than `undecided_s`.**
    """

    questions: tuple[Question, ...]
    pays: int
    undecided_s: float
    extras_s: float
    total_s: float

    @property
    def decided_s(self) -> float:
        return round(max(0.0, self.total_s - self.undecided_s - self.extras_s), 3)


def make_queue(
    now: Situation, rules: ReviewRules, *, later: Collection[str] = (), about: Collection[str] | None = None
) -> Queue:
    """Every open question of an episode; `later` are ids of those that somebody put off.

    The order is by worth for each key: seconds at stake times doubt (uncertainty sampling: Lewis & Gale 1994) over the
    keys that an answer is expected to take (by the number of operations: Tian et al. 2007).
    With `about`, questions and seconds are of these identities alone: a question of two counts if one of them is.
    """
    open_ones = [
        question.model_copy(update={"later": question.id in later})
        for question in _questions(now, rules)
        if question.id not in now.links.settled and _is_about(question, about)
    ]
    found = gather_extras(now, open_ones, rules)
    asked = {person for one in found if one.kind in BY_NAME for person in _people(one)}
    undecided = {one for one in asked if now.links.link_of(one) is None}
    valued, spent = _share_out(now, sorted(found, key=_worth_a_key))
    ordered = sorted(valued, key=lambda one: (one.later, one.worth_s < rules.least_worth_s, *_worth_a_key(one)))
    people = [one for one in now.identities if about is None or one in about]
    doubtful = sum(spent.get(person, 0.0) for person in people if person not in undecided)
    return Queue(
        questions=tuple(ordered),
        pays=sum(one.worth_s >= rules.least_worth_s and not one.later for one in ordered),
        undecided_s=round(_seconds(now, undecided) + doubtful, 3),
        extras_s=_seconds(now, [one for one in people if one in now.links.extras]),
        total_s=_seconds(now, people),
    )


def _is_about(question: Question, about: Collection[str] | None) -> bool:
    return about is None or question.identity_id in about or question.other_id in about


def _questions(now: Situation, rules: ReviewRules) -> Iterator[Question]:
    naming = list(naming_questions(now, rules))
    yield from naming
    yield from conflict_questions(now, rules)
    yield from pair_questions(now, rules, {one.identity_id for one in naming})
    halves = list(two_people_questions(now, rules))
    yield from halves
    yield from stray_questions(now, rules, frozenset(track for one in halves for track in one.track_ids))


def _share_out(now: Situation, questions: Sequence[Question]) -> tuple[list[Question], dict[str, float]]:
    """The questions, none worth seconds that an earlier one is worth already; and how many are, by identity."""
    spent: dict[str, float] = defaultdict(float)
    valued = []
    for question in questions:
        people = _people(question)
        left = sum(max(0.0, now.seconds(one) - spent[one]) for one in people)
        worth_s = min(question.worth_s, left)
        for one in people:
            own = max(0.0, now.seconds(one) - spent[one])
            spent[one] += worth_s * own / left if left else 0.0
        valued.append(question.model_copy(update={"worth_s": round(worth_s, 3)}))
    return valued, spent


def _people(question: Question) -> Sequence[str]:
    """Whose seconds are at stake."""
    return question.identity_ids or (question.identity_id,)


def _worth_a_key(question: Question) -> tuple[float, str]:
    return -question.worth_s / question.keys, question.id


def _seconds(now: Situation, identity_ids: Collection[str]) -> float:
    """Seconds in which any of them is visible, each counted for itself."""
    return round(sum(total(union(now.visible.get(one, ()))) for one in identity_ids), 3)


def find_question(questions: Sequence[Question], question_id: str) -> Question | None:
    return next((one for one in questions if one.id == question_id), None)
