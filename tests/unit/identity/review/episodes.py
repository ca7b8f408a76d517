"""Made-up episodes for tests of the queue, and a person who answers what it asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from contracts.ids import identity_id
from contracts.rows import CastLink, GroupingDoubts, LikelySame, LikelyStray, LikelyTwo
from services.identity.links.transitions import (
    LinkState,
    LinkTransition,
    dismiss_suggestion,
    link_identity_to_cast,
    mark_extra,
    settle_question,
)
from services.identity.review.extras import settles
from services.identity.review.questions import AnswerRequest, Question
from services.identity.review.situation import Situation
from services.identity.suggestions.identities import CastMatch, CastSuggestions
from tests.unit.identity.builders import EP, RUN, make_identity, make_track

CAST = ("ada", "bo", "cy", "di", "ed", "flo", "gus")
AT = "2026-01-01T00:00:00Z"
shares = st.floats(0.0, 1.0).map(lambda value: round(value, 4))


@dataclass(frozen=True, kw_only=True)
class Possible:
    """What the facebank says of everybody, whatever is dismissed later."""

    situation: Situation
    matches: dict[str, tuple[tuple[str, float], ...]]

    def now(self, links: LinkState) -> Situation:
        """As the queue sees it with these links: dismissed suggestions are not shown."""
        gone = links.dismissed_pairs
        suggestions = {
            one: CastSuggestions(
                one,
                tuple(
                    CastMatch(cast_id, likely, 0.3)
                    for cast_id, likely in matches
                    if (one, cast_id) not in gone and (one, None) not in gone
                ),
                0.1,
            )
            for one, matches in self.matches.items()
        }
        return replace(self.situation, links=links, suggestions=suggestions)


@st.composite
def episodes(draw: st.DrawFn) -> Possible:
    """Up to nine people with a few tracks each, one after the other; some look alike, some like two, some are linked."""
    count = draw(st.integers(1, 9))
    people = [identity_id(number) for number in range(1, count + 1)]
    rows, start, number = {}, 0.0, 0
    for one in people:
        own = []
        for _ in range(draw(st.integers(1, 3))):
            number += 1
            length = draw(st.floats(0.2, 60.0))
            own.append(make_track(number, start, start + length))
            start += length + 1.0
        rows[one] = own
    matches = {
        one: tuple(
            (cast_id, round(share * draw(shares), 4))
            for cast_id, share in zip(draw(st.permutations(CAST))[:2], (0.7, 0.3), strict=True)
        )
        for one in people
    }
    pairs = [(a, b) for a in people for b in people if a < b]
    same = tuple(
        LikelySame(first=a, second=b, distance=draw(st.floats(0.5, 1.6)))
        for a, b in (draw(st.lists(st.sampled_from(pairs), unique=True, max_size=5)) if pairs else ())
    )
    several = [one for one in people if len(rows[one]) > 1]
    two = tuple(
        LikelyTwo(
            identity_id=one, second=(rows[one][0].track_id,), separation=draw(st.floats(1.0, 2.0)), simultaneous=0
        )
        for one in several
        if draw(st.booleans())
    )
    strays = tuple(
        LikelyStray(track_id=rows[one][-1].track_id, identity_id=one, distance=draw(st.floats(1.0, 2.5)))
        for one in several
        if draw(st.booleans())
    )
    auto = tuple(
        CastLink(
            identity_id=one,
            cast_id=matches[one][0][0],
            by="auto",
            probability=draw(shares),
            margin=0.1,
            at=AT,
            event_id="e",
        )
        for one in people
        if draw(st.booleans())
    )
    identities = {one: make_identity(number, *rows[one]) for number, one in enumerate(people, start=1)}
    left_over = {one for one in people if draw(st.integers(0, 4)) == 0}
    pictured = draw(st.integers(0, len(CAST)))
    now = Situation(
        ep_id=EP,
        identities={
            one: found.model_copy(update={"reason": "No face is good enough." if one in left_over else None})
            for one, found in identities.items()
        },
        members=rows,
        visible={one: tuple((row.start_s, row.end_s) for row in own) for one, own in rows.items()},
        links=LinkState(links=auto),
        names={cast_id: cast_id.title() for cast_id in CAST},
        suggestions={},
        temporal=(),
        clashes=(),
        doubts=GroupingDoubts(ep_id=EP, run_id=RUN, revision=1, same=same, strays=strays, two=two),
        figures={one: draw(st.floats(0.95, 1.0)) for one in people if draw(st.integers(0, 5)) == 0},
        pictured=frozenset(CAST[:pictured]),
        listed=frozenset(CAST[draw(st.integers(pictured, len(CAST))) :]),
    )
    return Possible(situation=now, matches=matches)


def by_links(question: Question) -> list[AnswerRequest]:
    """The answers that are changes of the links; those of clusters make another grouping."""
    return [one for one in question.answers if not one.path.startswith("/clusters/")]


def answered(links: LinkState, question: Question, answer: AnswerRequest) -> list[LinkTransition]:
    """What an answer does to the links, as the commands do it: one step for each identity."""
    steps: list[LinkTransition] = []
    body = answer.body or {}
    if answer.path.startswith("/extras/"):
        for one in body["identity_ids"]:
            links = _noted(steps, mark_extra(links, identity_id=one, **_stamp(links)))
    elif answer.path.startswith("/review/"):
        for one, settled in settles(question):
            links = _noted(steps, settle_question(links, identity_id=one, question=settled, **_stamp(links)))
    elif answer.path.startswith("/suggestions/"):
        _noted(steps, dismiss_suggestion(links, **body, **_stamp(links)))
    else:
        cast_id = body.get("cast_id", question.choices[0].cast_id if question.choices else "ada")
        identity = answer.path.rpartition("/")[2]
        step = link_identity_to_cast(links, identity_id=identity, cast_id=cast_id, by="operator", **_stamp(links))
        _noted(steps, step)
    return steps


def _stamp(links: LinkState) -> dict[str, Any]:
    return {"who": "kim", "at": AT, "event_id": "e", "expected_version": links.version}


def _noted(steps: list[LinkTransition], step: LinkTransition) -> LinkState:
    steps.append(step)
    return step.state
