"""One question about many: people of whom hardly anybody has a name are looked at together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from services.identity.review.naming import settled, worth
from services.identity.review.questions import AnswerRequest, Question, looked_at, question_id
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules

TAKEN_TOGETHER = frozenset({"who", "leftover"})


def settles(question: Question) -> tuple[tuple[str, str], ...]:
    """What is not asked again once a question is settled, with whom each is about: of many people, each of them."""
    if question.kind == "extras":
        return tuple((one, looked_at(one)) for one in question.identity_ids)
    return ((question.identity_id, question.id),)


def gather_extras(now: Situation, questions: Sequence[Question], rules: ReviewRules) -> list[Question]:
    """The questions with those about people without a name put together, as many at a time as are likely all extras.

    The least likely to have a name come together first, while all of them are likely extras; whom somebody looked at in
    such a company before is asked about alone.
    """
    candidates = [
        one
        for one in questions
        if one.kind in TAKEN_TOGETHER and not one.later and looked_at(one.identity_id) not in now.links.settled
    ]
    companies: list[list[Question]] = [[]]
    all_extras = 1.0
    for one in sorted(candidates, key=lambda one: (one.doubt, one.at_stake_s, one.id)):
        if all_extras * (1.0 - one.doubt) < rules.all_extras or len(companies[-1]) == rules.most_together:
            companies.append([])
            all_extras = 1.0
        companies[-1].append(one)
        all_extras *= 1.0 - one.doubt
    together = [company for company in companies if len(company) >= rules.least_together]
    gathered = {one.id for company in together for one in company}
    return [
        *(_together(now, company) for company in together),
        *(one for one in questions if one.id not in gathered),
    ]


def _together(now: Situation, questions: Sequence[Question]) -> Question:
    ordered = sorted(questions, key=lambda one: (-one.at_stake_s, one.identity_id))
    people = [one.identity_id for one in ordered]
    seconds = sum(one.at_stake_s for one in ordered)
    question = question_id("extras", *sorted(people))
    return Question(
        id=question,
        kind="extras",
        sentence=f"Are these {len(people)} people all extras?",
        **worth(seconds, sum(one.at_stake_s * one.doubt for one in ordered) / seconds if seconds else 0.0),
        identity_id=people[0],
        identity_ids=tuple(people),
        answers=(
            AnswerRequest(
                answer="yes",
                effect_s=round(seconds, 3),
                method="POST",
                path=f"/extras/{now.ep_id}",
                body={"identity_ids": people},
            ),
            settled(now.ep_id, question, "no"),
        ),
    )
