"""Sentences of the history name people as they are called, never by their ids."""

from __future__ import annotations

from services.identity.history.steps import HistoryStep, Source
from services.identity.history.wording import Known, in_words

KNOWN = Known(
    cast={"identity-00003": "Rita"},
    labels={"identity-00007": "the tall one"},
    tracks={"track-00000-001": 12.42, "track-00003-010": 125.0},
)


def said(sentence: str, source: Source = "clusters") -> str:
    step = HistoryStep(
        step="links:1",
        source=source,
        version=1,
        action="do",
        kind="x",
        who="kim",
        at="x",
        sentence=sentence,
        active=True,
    )
    told = in_words(step, KNOWN)
    assert told.model_copy(update={"sentence": sentence}) == step
    return told.sentence


def test_people_are_called_by_their_name_and_number_and_strangers_by_their_number() -> None:
    told = said("merge of identity-00007, identity-00012 into identity-00003")
    assert told == "merge of the tall one (Person 7), Person 12 into Rita (Person 3)"
    assert said("lock of identity-123456") == "lock of Person 123456"


def test_who_somebody_is_is_not_told_with_the_name_that_came_of_it() -> None:
    assert said("identity-00003 is Rita", "links") == "Person 3 is Rita"
    assert said("identity-00007 is an extra", "links") == "the tall one (Person 7) is an extra"


def test_tracks_are_told_by_when_they_are() -> None:
    assert said("drop of track-00000-001") == "drop of the stretch at 0:12.4"
    two = said("split of track-00000-001, track-00003-010 off identity-00005")
    assert two == "split of the stretches at 0:12.4 and 2:05.0 off Person 5"
    assert said("drop of track-00009-001") == "drop of a stretch that is no longer there"


def test_a_moment_is_never_the_sixtieth_second_and_has_hours_where_it_is_late() -> None:
    late = Known(cast={}, labels={}, tracks={"track-00000-001": 59.97, "track-00003-010": 3723.44})
    step = HistoryStep.model_construct(source="clusters", sentence="drop of track-00000-001, track-00003-010")
    assert in_words(step, late).sentence == "drop of the stretches at 1:00.0 and 1:02:03.4"
