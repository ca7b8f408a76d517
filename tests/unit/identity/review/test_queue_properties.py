"""What holds of the queue whatever the episode: nothing twice, nothing lost by an undo, and no second worth twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.rows import Identity
from services.identity.links.transitions import LinkState
from services.identity.review.questions import Question
from services.identity.review.queue import Queue, make_queue
from services.identity.rules import ReviewRules
from tests.unit.identity.review.episodes import Possible, answered, by_links, episodes

RULES = ReviewRules()


def queue_of(episode: Possible, links: LinkState) -> Queue:
    return make_queue(episode.now(links), RULES)


def subjects(question: Question) -> set[tuple[str, ...]]:
    """What a question asks, whatever it is called: who somebody is, whether somebody is somebody, whether tracks belong."""
    if question.kind in {"who", "leftover"}:
        return {("who", question.identity_id)}
    if question.kind == "is_this":
        return {("is", question.identity_id, str(question.cast_id))}
    if question.kind == "extras":
        return {("extra", one) for one in question.identity_ids}
    return {(question.kind, question.id)}


@settings(max_examples=150, deadline=None)
@given(episode=episodes(), data=st.data())
def test_nothing_is_asked_twice(episode: Possible, data: st.DataObject) -> None:
    """Whatever is answered, in whichever order, until nothing is left that links answer."""
    links = episode.situation.links
    done: set[tuple[str, ...]] = set()
    for _ in range(60):
        open_ones = [one for one in queue_of(episode, links).questions if by_links(one)]
        for one in open_ones:
            assert not subjects(one) & done, f"{one.sentence} was answered before"
        if not open_ones:
            break
        question = data.draw(st.sampled_from(open_ones), label="question")
        answer = data.draw(st.sampled_from(by_links(question)), label="answer")
        links = answered(links, question, answer)[-1].state
        done |= subjects(question)
    else:
        pytest.fail("the queue does not come to an end")


@settings(max_examples=150, deadline=None)
@given(episode=episodes(), data=st.data())
def test_an_answer_and_its_undo_leave_the_queue_as_it_was(episode: Possible, data: st.DataObject) -> None:
    """The undo of links gives back what was decided about every identity before."""
    links = episode.situation.links
    before = queue_of(episode, links)
    asked = [one for one in before.questions if by_links(one)]
    if not asked:
        return
    question = data.draw(st.sampled_from(asked), label="question")
    answer = data.draw(st.sampled_from(by_links(question)), label="answer")
    steps = answered(links, question, answer)
    after = steps[-1].state
    changed = {step.change.identity_id for step in steps}
    for step in reversed(steps):
        one = step.change.identity_id
        kept = [link for link in after.links if link.identity_id != one]
        rest = [entry for entry in after.dismissed if entry.identity_id != one]
        after = after.model_copy(
            update={
                "links": tuple(sorted([*kept, *filter(None, [step.change.before])], key=lambda link: link.identity_id)),
                "dismissed": (*rest, *step.change.dismissed_before),
            }
        )
    assert changed
    assert queue_of(episode, after) == before


@settings(max_examples=300, deadline=None)
@given(episode=episodes())
def test_worth_is_never_negative_and_no_second_is_worth_something_twice(episode: Possible) -> None:
    queue = queue_of(episode, episode.situation.links)
    assert all(0.0 <= one.worth_s <= one.at_stake_s + 1e-9 and one.keys >= 1.0 for one in queue.questions)
    assert sum(one.worth_s for one in queue.questions) <= queue.undecided_s + 0.001 * (1 + len(queue.questions))
    assert queue.undecided_s <= queue.total_s + 0.01
    assert queue.pays == len([one for one in queue.questions if one.worth_s >= RULES.least_worth_s])
    assert [one.worth_s >= RULES.least_worth_s for one in queue.questions] == sorted(
        (one.worth_s >= RULES.least_worth_s for one in queue.questions), reverse=True
    )


@settings(max_examples=100, deadline=None)
@given(episode=episodes())
def test_everybody_who_is_open_is_asked_about_by_name_once(episode: Possible) -> None:
    now = episode.now(episode.situation.links)
    by_name = [
        person
        for one in make_queue(now, RULES).questions
        if one.kind in {"who", "leftover", "is_this", "extras"}
        for person in (one.identity_ids or (one.identity_id,))
    ]
    people: dict[str, Identity] = dict(now.identities)
    assert sorted(by_name) == sorted(one for one in people if now.is_open(one) and not now.is_decided(one))
