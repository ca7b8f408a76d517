"""Questions about who somebody is: is this Ada, who is this, whose is this leftover, Ada is in two places. Pure.

**One question for everybody whom nobody has decided on, whatever speaks for whom**: its answer settles who they are.
Nobody is asked whether somebody is whom they are in one picture with: two faces in a frame are two people. Who it is after
all (a mirror, a picture in picture) can be said by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypedDict

from services.identity.review.likelihoods import MOST_CHOICES, Likelihood, Likelihoods
from services.identity.review.questions import Answering, AnswerRequest, Choice, Overlap, Question, question_id
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules


class Worth(TypedDict):
    """Seconds at stake, how likely what is there is wrong, that share of the seconds, and how many keys are expected."""

    worth_s: float
    at_stake_s: float
    doubt: float
    keys: float


def naming_questions(now: Situation, rules: ReviewRules) -> Iterator[Question]:
    """One for everybody whom nobody has decided on; those who are probably pictures and figures come last by their doubt."""
    hints: dict[str, list[Choice]] = {}
    for hint in now.temporal:
        choice = Choice(cast_id=hint.cast_id, name=now.name(hint.cast_id), probability=round(hint.score, 4))
        hints.setdefault(hint.identity_id, []).append(choice)
    likelihoods = Likelihoods(now=now, rules=rules)
    for identity_id, one in now.identities.items():
        if not now.is_open(identity_id) or now.is_decided(identity_id):
            continue
        likely = likelihoods.of(identity_id)
        link, sure = now.links.link_of(identity_id), next(iter(likely.choices), None)
        if link is not None:
            yield _is_this(now, identity_id, link.cast_id, likely, rules)
        elif sure is not None and sure.probability >= rules.asked_by_name and _is_seen(sure, likelihoods):
            yield _is_this(now, identity_id, sure.cast_id, likely, rules)
        elif one.reason is not None:
            yield _leftover(now, identity_id, tuple(hints.get(identity_id, ()))[:MOST_CHOICES], likely, rules)
        else:
            yield _who(now, identity_id, likely, tuple(hints.get(identity_id, ()))[:MOST_CHOICES], rules)


def _is_seen(choice: Choice, likelihoods: Likelihoods) -> bool:
    """Whether faces speak for somebody, not only that they are missing yet."""
    return choice.cast_id not in likelihoods.waiting


def _is_this(now: Situation, identity_id: str, cast_id: str, likely: Likelihood, rules: ReviewRules) -> Question:
    link, seconds = now.links.link_of(identity_id), now.seconds(identity_id)
    name = now.name(cast_id)
    if link is not None:
        told = [choice.probability for choice in likely.choices if choice.cast_id == cast_id]
        doubt = 1.0 - (told[0] if told else link.probability)
        typed = doubt * rules.wrong_is_typed
    else:
        doubt, typed = likely.named, likely.typed
    return Question(
        id=question_id("is_this", identity_id, cast_id),
        kind="is_this",
        sentence=f"Is this {name}?",
        **worth(seconds, doubt, keys=_keys(typed, rules)),
        identity_id=identity_id,
        cast_id=cast_id,
        cast_name=name,
        choices=likely.choices,
        answers=(
            _linked(now, identity_id, cast_id, 0.0 if link is not None else seconds),
            AnswerRequest(
                answer="no",
                effect_s=seconds if link is not None else 0.0,
                method="POST",
                path=f"/suggestions/{now.ep_id}/dismiss",
                body={"identity_id": identity_id, "cast_id": cast_id},
            ),
            *_naming_answers(now, identity_id, seconds),
        ),
    )


def _who(now: Situation, identity_id: str, likely: Likelihood, hints: Sequence[Choice], rules: ReviewRules) -> Question:
    seconds = now.seconds(identity_id)
    return Question(
        id=question_id("who", identity_id),
        kind="who",
        sentence="Who is this?",
        **worth(seconds, likely.named, keys=_keys(likely.typed, rules)),
        identity_id=identity_id,
        choices=likely.choices or tuple(hints),
        answers=_naming_answers(now, identity_id, seconds),
    )


def _leftover(
    now: Situation, identity_id: str, hints: Sequence[Choice], likely: Likelihood, rules: ReviewRules
) -> Question:
    seconds = now.seconds(identity_id)
    there = hints[0] if hints else None
    yes = [_linked(now, identity_id, hint.cast_id, seconds) for hint in hints[:1]]
    doubt = max(there.probability if there else 0.0, rules.leftover_is_named * likely.named)
    return Question(
        id=question_id("leftover", identity_id),
        kind="leftover",
        sentence=f"Is this {there.name}, who is there just before or after?" if there else "Whose is this leftover?",
        **worth(seconds, doubt, keys=_keys(rules.leftover_is_named * likely.typed, rules)),
        identity_id=identity_id,
        cast_id=there.cast_id if there else None,
        cast_name=there.name if there else None,
        choices=tuple(hints) or likely.choices,
        answers=(*yes, *_naming_answers(now, identity_id, seconds)),
    )


def _linked(now: Situation, identity_id: str, cast_id: str, seconds: float) -> AnswerRequest:
    path = f"/links/{now.ep_id}/{identity_id}"
    return AnswerRequest(answer="yes", effect_s=seconds, method="PUT", path=path, body={"cast_id": cast_id})


def _naming_answers(now: Situation, identity_id: str, seconds: float) -> tuple[AnswerRequest, ...]:
    """What can be said of anybody: a name, an extra, nobody."""
    tracks = [row.track_id for row in now.members.get(identity_id, ())]
    return (
        AnswerRequest(answer="name", effect_s=seconds, method="PUT", path=f"/links/{now.ep_id}/{identity_id}", body={}),
        AnswerRequest(
            answer="extra",
            effect_s=seconds,
            method="POST",
            path=f"/extras/{now.ep_id}",
            body={"identity_ids": [identity_id]},
        ),
        AnswerRequest(
            answer="nobody",
            effect_s=seconds,
            method="POST",
            path=f"/clusters/{now.ep_id}/drop",
            body={"kind": "drop", "track_ids": tracks},
        ),
    )


def conflict_questions(now: Situation, rules: ReviewRules) -> Iterator[Question]:
    """One for each pair of identities that are one cast member and in one picture."""
    seen: set[tuple[str, ...]] = set()
    for clash in now.clashes:
        first, second = sorted(clash.identity_ids)
        pair = (clash.cast_id, first, second)
        if first == second or pair in seen or not (now.is_open(first) and now.is_open(second)):
            continue
        seen.add(pair)
        name = now.name(clash.cast_id)
        weaker = min(now.seconds(first), now.seconds(second))
        yield Question(
            id=question_id("two_places", *pair),
            kind="two_places",
            sentence=f"{name} is in two places at once.",
            **worth(weaker, rules.clash_is_wrong),
            identity_id=first,
            other_id=second,
            cast_id=clash.cast_id,
            cast_name=name,
            track_ids=clash.track_ids,
            conflict=Overlap(start_s=clash.start_s, end_s=clash.end_s),
            answers=(
                _unlinked(now, "first", second),
                _unlinked(now, "second", first),
                settled(now.ep_id, question_id("two_places", *pair), "both"),
            ),
        )


def _unlinked(now: Situation, right: Answering, wrong_id: str) -> AnswerRequest:
    """That the `right` one of two is the cast member, and so the other is not."""
    path = f"/links/{now.ep_id}/{wrong_id}"
    return AnswerRequest(answer=right, effect_s=now.seconds(wrong_id), method="DELETE", path=path)


def settled(ep_id: str, question: str, answer: Answering) -> AnswerRequest:
    """The answer that all is right as it is."""
    return AnswerRequest(
        answer=answer, effect_s=0.0, method="POST", path=f"/review/{ep_id}/settle", body={"id": question}
    )


def worth(seconds: float, doubt: float, *, keys: float = 1.0) -> Worth:
    """What a question is worth."""
    doubt = min(max(doubt, 0.0), 1.0)
    return {
        "worth_s": round(seconds * doubt, 3),
        "at_stake_s": round(seconds, 3),
        "doubt": round(doubt, 4),
        "keys": round(keys, 2),
    }


def _keys(typed: float, rules: ReviewRules) -> float:
    """Keys that an answer is expected to take: one, and those of a name where it has to be typed."""
    return 1.0 + typed * (rules.name_costs - 1.0)
