"""What is worked through: every labelled set, and all of them as one long episode with few in the cast and a crowd."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.effort.owners import Answers, know
from benchmarks.effort.recording import Part, parts_of, shots_of, tracks_of
from benchmarks.effort.sets import WorkSet, folder_of
from benchmarks.recognition import person_name
from benchmarks.truth import Truth
from chassis.domain.arrays import Floats
from chassis.domain.intervals import Intervals, normalise, total, union
from contracts.ids import slugify

ALL = "all-sets"
MEMBERS_OF_ALL = 16
EPISODE = "effort-s01e01"

SAME_PEOPLE = {"ada": "skall", "mira": "tina", "barack-obama": "gabe"}
"""Aliases of one person in different sets, besides those of `benchmarks.recognition`: their pictures are as near as one
person's."""

References = Mapping[tuple[str, str], Floats]
"""Vectors [N, D] of the reference pictures, by set and cast id in it."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """Somebody of a cast, and their reference pictures."""

    name: str
    pictures: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True)
class Case:
    """An episode with its labels. `cast`: who is to be named. `seen`: where there are pictures of whom; by cast id."""

    name: str
    truth: Truth
    parts: Sequence[Part]
    cast: Mapping[str, Member]
    seen: Mapping[str, Sequence[tuple[str, str]]]

    def answers(self, references: References) -> Answers:
        """Whose every track is."""
        pictures = {
            person: np.concatenate([references[where] for where in places if where in references])
            for person, places in self.seen.items()
            if any(where in references for where in places)
        }
        tracks, vectors = tracks_of(self.parts, EPISODE)
        return know(self.truth, tracks, shots_of(self.parts, EPISODE), vectors, pictures, cast=self.cast)


def cases_of(work: Path, sets: Sequence[WorkSet]) -> list[Case]:
    """Each set, and all together."""
    return [*(_alone(work, one) for one in sets), _together(work, sets)]


def _alone(work: Path, one: WorkSet) -> Case:
    cast = one.cast
    return Case(
        name=one.name,
        truth=one.episode.truth,
        parts=parts_of([folder_of(work, one)]),
        cast={key: Member(name=member.name, pictures=member.pictures) for key, member in cast.items()},
        seen={key: ((one.name, key),) for key in cast},
    )


def _together(work: Path, sets: Sequence[WorkSet]) -> Case:
    """Those who have pictures and are longest on screen are its cast; all others are strangers."""
    parts = parts_of([folder_of(work, one) for one in sets])
    first = {part.folder: part.begins_s for part in reversed(parts)}
    begins = [first[folder_of(work, one)] for one in sets]
    seen: dict[str, list[tuple[str, str]]] = defaultdict(list)
    pictures: dict[str, list[Path]] = defaultdict(list)
    for one in sets:
        for key, member in one.cast.items():
            who = _name(one, key)
            seen[slugify(who)].append((one.name, key))
            pictures[who] += member.pictures
    people = _moved([(one, begin, one.episode.truth.everybody) for one, begin in zip(sets, begins, strict=True)])
    known = sorted(people.keys() & pictures, key=lambda who: (-total(people[who]), who))[:MEMBERS_OF_ALL]
    either = _moved([(one, begin, one.episode.truth.either_way) for one, begin in zip(sets, begins, strict=True)])
    truth = Truth(
        name=ALL,
        duration_s=sum(part.events[0].duration_s for part in parts),
        fps=sets[0].episode.truth.fps,
        intervals={who: people[who] for who in sorted(known)},
        unknown={who: spans for who, spans in people.items() if who not in known},
        either_way=either,
        figures=union(
            *(
                [(start + begin, end + begin) for start, end in one.episode.truth.figures]
                for one, begin in zip(sets, begins, strict=True)
            )
        ),
    )
    cast = {slugify(who): Member(name=who, pictures=tuple(pictures[who])) for who in known}
    return Case(name=ALL, truth=truth, parts=parts, cast=cast, seen=seen)


def _name(one: WorkSet, alias: str) -> str:
    *dataset, who = person_name(one.name, alias).split("/")
    name = slugify("-".join((who, *dataset)))
    return SAME_PEOPLE.get(name, name)


def _moved(labels: Sequence[tuple[WorkSet, float, Mapping[str, Intervals]]]) -> dict[str, Intervals]:
    """Labels of all sets by person, each from when on its set is shown."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one, begin, people in labels:
        for alias, spans in people.items():
            found[_name(one, slugify(alias))] += [(begin + start, begin + end) for start, end in spans]
    return {who: normalise(spans) for who, spans in sorted(found.items())}
