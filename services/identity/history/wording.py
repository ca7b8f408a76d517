"""What people call those whom a step of the history is about, in place of ids; the ids stay beside, as data. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.identity.history.steps import HistoryStep
from services.identity.report.formatting import moment

_IDENTITY = re.compile(r"identity-(\d{5,})")
_TRACKS = re.compile(r"track-\d{5,}-\d{3,}(?:, track-\d{5,}-\d{3,})*")
_TRACK_GONE = "a stretch that is no longer there"


@dataclass(frozen=True, kw_only=True)
class Known:
    """What an episode's people and tracks are called now.

    `cast` and `labels`: identity -> name in the cast, name that an operator gave a stranger; `tracks`: track -> second
    at which it begins.
    """

    cast: Mapping[str, str]
    labels: Mapping[str, str]
    tracks: Mapping[str, float]


def in_words(step: HistoryStep, known: Known) -> HistoryStep:
    """The step with its sentence for people.

    A decision about who somebody is does not call them by the name that came of it.
    """
    names = known.labels if step.source == "links" else {**known.labels, **known.cast}
    sentence = _IDENTITY.sub(lambda found: _person(found[0], int(found[1]), names), step.sentence)
    sentence = _TRACKS.sub(lambda found: _stretches(found[0].split(", "), known.tracks), sentence)
    return step.model_copy(update={"sentence": sentence})


def _person(identity_id: str, number: int, names: Mapping[str, str]) -> str:
    """The number is the one that the console shows; it tells two apart who have one name."""
    name = names.get(identity_id)
    return f"{name} (Person {number})" if name else f"Person {number}"


def _stretches(track_ids: list[str], starts: Mapping[str, float]) -> str:
    begun = [moment(starts[track]) for track in track_ids if track in starts]
    if not begun:
        return _TRACK_GONE
    if len(begun) == 1:
        return f"the stretch at {begun[0]}"
    return f"the stretches at {', '.join(begun[:-1])} and {begun[-1]}"
