"""Questions about who is one person: same person, two people in here, does this belong. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chassis.domain.calibration import logistic
from chassis.domain.intervals import normalise, total
from services.identity.review.likelihoods import same_person
from services.identity.review.naming import settled, worth
from services.identity.review.questions import AnswerRequest, Overlap, Question, question_id
from services.identity.review.situation import Situation
from services.identity.rules import ReviewRules


def pair_questions(now: Situation, rules: ReviewRules, asked: Collection[str]) -> Iterator[Question]:
    """One for each pair without a name that looks alike.

    Not where either is `asked` about by name: whoever has a name first makes the other one likely to be them, and that is
    one key then.
    """
    for pair in now.doubts.same if now.doubts else ():
        first, second = sorted((pair.first, pair.second))
        if not (now.is_open(first) and now.is_open(second)) or first in asked or second in asked:
            continue
        if any(now.links.link_of(one) is not None or one in now.figures for one in (first, second)):
            continue
        stake = min(now.seconds(first), now.seconds(second))
        kept, merged = sorted((first, second), key=lambda one: (-now.seconds(one), one))
        question = question_id("same", first, second)
        yield Question(
            id=question,
            kind="same",
            sentence="Same person?",
            **worth(stake, same_person(pair.distance, rules)),
            identity_id=merged,
            other_id=kept,
            answers=(
                AnswerRequest(
                    answer="yes",
                    effect_s=stake,
                    method="POST",
                    path=f"/clusters/{now.ep_id}/merge",
                    body={"kind": "merge", "target": kept, "sources": [merged]},
                ),
                AnswerRequest(
                    answer="no",
                    effect_s=0.0,
                    method="POST",
                    path=f"/clusters/{now.ep_id}/not-same",
                    body={"kind": "not_same", "first": first, "second": second},
                ),
            ),
        )


def two_people_questions(now: Situation, rules: ReviewRules) -> Iterator[Question]:
    """One for each person who looks like two."""
    for two in now.doubts.two if now.doubts else ():
        if not now.is_open(two.identity_id) or two.identity_id in now.figures:
            continue
        own = {row.track_id: row for row in now.members.get(two.identity_id, ())}
        second = [own[track] for track in two.second if track in own]
        if not second or len(second) == len(own):
            continue
        stake = round(total(normalise((row.start_s, row.end_s) for row in second)), 3)
        doubt = (
            rules.seen_together
            if two.simultaneous
            else logistic((two.separation - rules.two_midpoint) / rules.two_scale)
        )
        question = question_id("two", two.identity_id, *sorted(two.second))
        yield Question(
            id=question,
            kind="two",
            sentence=f"Two people in {now.called(two.identity_id)}?",
            **worth(stake, doubt),
            identity_id=two.identity_id,
            track_ids=tuple(row.track_id for row in second),
            conflict=_together(now, two.identity_id, frozenset(two.second)) if two.simultaneous else None,
            answers=(
                AnswerRequest(
                    answer="yes",
                    effect_s=stake,
                    method="POST",
                    path=f"/clusters/{now.ep_id}/split",
                    body={
                        "kind": "split",
                        "identity_id": two.identity_id,
                        "track_ids": [row.track_id for row in second],
                    },
                ),
                settled(now.ep_id, question, "no"),
            ),
        )


def _together(now: Situation, identity_id: str, second: frozenset[str]) -> Overlap | None:
    """The longest stretch in which both halves are in the picture."""
    rows = now.members.get(identity_id, ())
    best: Overlap | None = None
    for row in (row for row in rows if row.track_id in second):
        for other in (row for row in rows if row.track_id not in second):
            start, end = max(row.start_s, other.start_s), min(row.end_s, other.end_s)
            if end > start and (best is None or end - start > best.end_s - best.start_s):
                best = Overlap(start_s=start, end_s=end)
    return best


def stray_questions(now: Situation, rules: ReviewRules, split_anyway: frozenset[str]) -> Iterator[Question]:
    """One for each track that may be in the wrong person; `split_anyway` are tracks that another question is about."""
    for stray in now.doubts.strays if now.doubts else ():
        identity_id = stray.identity_id
        rows = [row for row in now.members.get(identity_id, ()) if row.track_id == stray.track_id]
        if not rows or not now.is_open(identity_id) or identity_id in now.figures or stray.track_id in split_anyway:
            continue
        other = stray.nearest_other if stray.nearest_other in now.identities else None
        if other is not None and _same_member(now, identity_id, other):
            continue
        if other is not None and stray.distance_to_other is not None:
            doubt = logistic((stray.distance - stray.distance_to_other) / rules.stray_scale)
        else:
            doubt = logistic((stray.distance - rules.stray_midpoint) / rules.stray_scale)
        seconds = round(rows[0].end_s - rows[0].start_s, 3)
        question = question_id("belongs", identity_id, stray.track_id)
        nearer = stray.distance_to_other is not None and stray.distance_to_other < stray.distance
        target = other if other is not None and nearer and now.is_open(other) else None
        yield Question(
            id=question,
            kind="belongs",
            sentence=f"Does this belong to {now.called(identity_id)}?",
            **worth(seconds, doubt),
            identity_id=identity_id,
            other_id=other,
            track_ids=(stray.track_id,),
            answers=(
                settled(now.ep_id, question, "yes"),
                AnswerRequest(
                    answer="no",
                    effect_s=seconds,
                    method="POST",
                    path=f"/clusters/{now.ep_id}/move-tracks",
                    body={"kind": "move_tracks", "track_ids": [stray.track_id], "target": target},
                ),
            ),
        )


def _same_member(now: Situation, first: str, second: str) -> bool:
    """Whether two identities count for one cast member: then a track changes nothing between them."""
    links = now.links.link_of(first), now.links.link_of(second)
    return links[0] is not None and links[1] is not None and links[0].cast_id == links[1].cast_id
