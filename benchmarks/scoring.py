"""How well a result agrees with the labels: seconds per person, cuts, names and clusters.

Labels say who is visible, not where in the picture. Where several people, or a person and somebody without a label, are
visible at once, the faces are given to the labelled people one to one: first to the person whose cluster it is, larger
faces first among the rest. A cluster is the person's with whom it is seen alone most; clusters and people that are
never seen alone are paired so that they share the most seconds. Faces that are left over are a class of their own,
"unlabelled". Where the labels say that nobody is there, clusters are not judged.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.clustering_metrics import bcubed, normalised_mutual_information
from benchmarks.moments import MomentScore, score_moments
from benchmarks.truth import Truth
from chassis.domain.intervals import Intervals, difference, intersection, iou, normalise, total, union
from chassis.domain.visibility import find_cuts
from contracts.ids import slugify
from contracts.rows import IdentitiesDocument, Interval, ScreenTimeDocument, ShotRow, TrackRow

ALLOWED_ERROR_S = 0.20
ALLOWED_ERROR_PART = 0.03
LEAST_IOU = 0.93
MOST_WRONG_NAME_S = 0.2
UNLABELLED = "(unlabelled)"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run gave, as far as it is judged."""

    screen_time: ScreenTimeDocument
    identities: IdentitiesDocument
    tracks: Sequence[TrackRow]
    shots: Sequence[ShotRow]


@dataclass(frozen=True, kw_only=True)
class PersonScore:
    """One person's seconds. `name` is the label, `found_as` the cast id or identity that is compared, None: no such one.

    `is_stranger`: nothing was known about the person, so a cluster is compared.
    """

    name: str
    found_as: str | None
    is_stranger: bool
    truth_s: float
    found_s: float
    iou: float

    @property
    def error_s(self) -> float:
        """Found minus true seconds."""
        return self.found_s - self.truth_s

    @property
    def allowed_s(self) -> float:
        """How large the error may be."""
        return max(ALLOWED_ERROR_S, ALLOWED_ERROR_PART * self.truth_s)

    @property
    def good(self) -> bool:
        """Whether error and overlap are within bounds (with a microsecond for rounding)."""
        return abs(self.error_s) <= self.allowed_s + 1e-6 and self.iou >= LEAST_IOU


@dataclass(frozen=True, kw_only=True)
class CutScore:
    """Labelled cuts that were found to within half a frame, those that were not, and cuts the labels do not name.

    Labels only know cuts at which somebody appears or goes, so a further cut is not an error by itself.
    """

    found: int
    missing_s: tuple[float, ...]
    further_s: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class ClusterScore:
    """`true` counts the labelled people, and the unlabelled ones as one more where faces of them were found."""

    found: int
    true: int
    bcubed_f: float
    nmi: float


@dataclass(frozen=True, kw_only=True)
class EpisodeScore:
    """All of one episode. `wrong_name_s`: seconds in which somebody is named who is not there by the labels."""

    people: tuple[PersonScore, ...]
    wrong_name_s: float
    unidentified_s: float
    nobody_error_s: float
    cuts: CutScore
    clusters: ClusterScore
    moments: MomentScore

    @property
    def good(self) -> bool:
        """Whether everybody's seconds are right, nobody is misnamed and no labelled cut is missing."""
        return (
            all(person.good for person in self.people)
            and self.wrong_name_s <= MOST_WRONG_NAME_S + 1e-6
            and not self.cuts.missing_s
        )


def score(truth: Truth, result: Result, *, known: Collection[str] = ()) -> EpisodeScore:
    """Compares a result with the labels.

    `known` are the cast ids that had reference pictures. People among them are compared by name; everybody else with the
    unidentified cluster that shares most seconds with them, one to one. Moments that may count or not are left out.
    """
    document = result.screen_time
    everybody = truth.everybody
    cast_id_of = {person: slugify(person) for person in everybody}
    person_of = {cast_id: person for person, cast_id in cast_id_of.items()}
    named = {member.cast_id: member.intervals_s for member in document.cast}
    unnamed = {cluster.identity_id: cluster.intervals_s for cluster in document.unidentified}
    strangers = {person: intervals for person, intervals in everybody.items() if cast_id_of[person] not in known}
    found_as = _best_matches(strangers, unnamed)
    found_as |= {person: cast_id for person, cast_id in cast_id_of.items() if cast_id in known and cast_id in named}
    found = {person: (named | unnamed)[key] for person, key in found_as.items()}
    wrong = [
        difference(intervals, union(everybody.get(person, ()), truth.either_way.get(person, ())))
        for cast_id, intervals in named.items()
        for person in [person_of.get(cast_id, "")]
    ]
    return EpisodeScore(
        people=tuple(
            _person(person, found_as.get(person), person in strangers, truth, found.get(person, ()))
            for person in everybody
        ),
        wrong_name_s=math.fsum(total(intervals) for intervals in wrong),
        unidentified_s=math.fsum(cluster.visible_s for cluster in document.unidentified),
        nobody_error_s=document.coverage.nobody_s - (truth.duration_s - total(union(*everybody.values()))),
        cuts=score_cuts(truth, result.shots),
        clusters=score_clusters(truth, result),
        moments=score_moments(truth, document, known=frozenset(known)),
    )


def _person(name: str, found_as: str | None, is_stranger: bool, truth: Truth, found: Intervals) -> PersonScore:
    open_moments = truth.either_way.get(name, ())
    there, found = difference(truth.everybody[name], open_moments), difference(found, open_moments)
    return PersonScore(
        name=name,
        found_as=found_as,
        is_stranger=is_stranger,
        truth_s=total(there),
        found_s=total(found),
        iou=iou(there, found),
    )


def _best_matches(truth: Mapping[str, Intervals], found: Mapping[str, Intervals]) -> dict[str, str]:
    """Pairs people with clusters one to one so that they share the most seconds."""
    people, clusters = sorted(truth), sorted(found)
    shared = np.array(
        [[total(intersection(truth[person], found[cluster])) for cluster in clusters] for person in people]
    ).reshape(len(people), len(clusters))
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return {people[row]: clusters[column] for row, column in zip(rows, columns, strict=True) if shared[row, column] > 0}


def score_cuts(truth: Truth, shots: Sequence[ShotRow]) -> CutScore:
    """Compares the shots' borders with the labels'."""
    half_frame_s = 0.5 / truth.fps
    cuts = find_cuts(shots)
    missing = [border for border in truth.borders if all(abs(cut - border) > half_frame_s for cut in cuts)]
    further = [cut for cut in cuts if all(abs(cut - border) > half_frame_s for border in truth.borders)]
    return CutScore(found=len(truth.borders) - len(missing), missing_s=tuple(missing), further_s=tuple(further))


@dataclass(frozen=True, slots=True)
class _Slice:
    """A stretch in which the same people and the same faces are visible. `faces`: their clusters, largest face first."""

    span: Interval
    people: tuple[str, ...]
    faces: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.span[1] - self.span[0]


def score_clusters(truth: Truth, result: Result) -> ClusterScore:
    """BCubed F and normalised mutual information of the clusters, every second of every visible face counting alike."""
    slices = list(_slices(truth, result))
    person_of = _owners(slices)
    labels: list[str] = []
    clusters: list[str] = []
    weights: list[float] = []
    for part in slices:
        for cluster, person in zip(part.faces, _assign(part, person_of), strict=True):
            clusters.append(cluster)
            labels.append(person)
            weights.append(part.seconds)
    return ClusterScore(
        found=len(set(clusters)),
        true=len(truth.everybody) + (UNLABELLED in labels),
        bcubed_f=bcubed(labels, clusters, weights).f_score,
        nmi=normalised_mutual_information(labels, clusters, weights),
    )


def _slices(truth: Truth, result: Result) -> Iterator[_Slice]:
    """The stretches in which somebody labelled and some face is visible."""
    half_frame_s = 0.5 / truth.fps
    cluster_of = {track: person.identity_id for person in result.identities.identities for track in person.track_ids}
    tracks = sorted(
        (track for track in result.tracks if track.track_id in cluster_of),
        key=lambda track: (-track.mean_size, track.track_id),
    )
    times = {time for intervals in truth.everybody.values() for interval in intervals for time in interval}
    times |= {time for track in tracks for time in (track.start_s, track.end_s)}
    for start, end in pairwise(sorted(times)):
        if end - start < half_frame_s:
            continue  # nothing but the rounding of a border
        middle = (start + end) / 2
        people = tuple(
            person
            for person, intervals in sorted(truth.everybody.items())
            if any(first <= middle < last for first, last in intervals)
        )
        faces = tuple(cluster_of[track.track_id] for track in tracks if track.start_s <= middle < track.end_s)
        if people and faces:
            yield _Slice((start, end), people, faces)


def _owners(slices: Sequence[_Slice]) -> dict[str, str]:
    """The person each cluster mostly is, for the clusters of which that can be said."""
    alone: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for part in slices:
        if len(part.people) == 1 and len(part.faces) == 1:
            alone[part.faces[0]][part.people[0]] += part.seconds
    owners = {
        cluster: min(people, key=lambda person: (-people[person], person)) for cluster, people in sorted(alone.items())
    }
    seen_people: dict[str, list[Interval]] = defaultdict(list)
    seen_clusters: dict[str, list[Interval]] = defaultdict(list)
    for part in slices:
        for person in set(part.people) - set(owners.values()):
            seen_people[person].append(part.span)
        for cluster in set(part.faces) - set(owners):
            seen_clusters[cluster].append(part.span)
    pairs = _best_matches(
        {person: normalise(spans) for person, spans in seen_people.items()},
        {cluster: normalise(spans) for cluster, spans in seen_clusters.items()},
    )
    return owners | {cluster: person for person, cluster in pairs.items()}


def _assign(part: _Slice, person_of: Mapping[str, str]) -> list[str]:
    """The label of every face of a slice."""
    left = list(part.people)
    labels: list[str | None] = []
    for cluster in part.faces:
        person = person_of.get(cluster)
        if person in left:
            left.remove(person)
            labels.append(person)
        else:
            labels.append(None)
    return [label if label is not None else (left.pop(0) if left else UNLABELLED) for label in labels]
