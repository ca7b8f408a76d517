"""How well people are told apart and strangers kept apart: every track of the labelled sets beside the sets' casts.

`python -m benchmarks.recognition [--media DIR]… [--only TEXT] [--json]`. The sets go through the whole system once. Then
every track is tried as an identity of its own, with its person in the cast and with that person taken out, by the
rules of the identity service: with the calibration of the model registry, with one fitted to all of these people, and
with ones that have not seen the person tried (ten parts). Shares are of seconds, with 95 % intervals over people. Where
several people are on screen, a track's person is the one on screen whose pictures are nearest, one to one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.accuracy import USUAL_MEDIA, machine, process
from benchmarks.jobs import Job
from benchmarks.recognition_figures import Probe, Trial, cross_validated, fit, rates, reliability, try_probes
from benchmarks.truth import HARD, LabelledEpisode, Truth, find_episodes
from chassis.domain.arrays import Floats
from chassis.domain.calibration import PersonCalibration
from chassis.domain.intervals import Intervals, intersection, total
from chassis.kafka.bus import Bus
from chassis.mongo.database import connect
from chassis.mongo.outbox import Outbox
from chassis.settings import ChassisSettings
from contracts.ids import slugify
from contracts.rows import Identity, TrackRow
from screenalytics.weights import load_registry
from services.identity.rules import LinkRules
from services.identity.store.facebanks import FacebankStore
from services.identity.suggestions.evidence import IdentityEvidence, gather_evidence
from services.identity.suggestions.second_look import identity_distance

SAME_PEOPLE = {"david": "blake", "chloe": "yelena", "boris": "grant", "emil": "plato"}
"""Aliases of one person in different sets (taken for one by the distances of their pictures; nobody compared them by eye)."""

OTHERS_OF_THAT_NAME = frozenset({"stills"})
"""Sets whose people are others than those of the same alias elsewhere."""

UNKNOWN_DISTANCE = 0.9
"""What a person without pictures costs where a track is given to one of those on screen, in stranger means."""


@dataclass(kw_only=True)
class Collected:
    """Probes and casts of all sets so far, from one embedder."""

    model_id: str = ""
    probes: list[Probe] = field(default_factory=list)
    casts: dict[str, dict[str, Floats]] = field(default_factory=dict)


def person_name(dataset: str, alias: str) -> str:
    """The same for one person in every set."""
    known = SAME_PEOPLE.get(alias, alias)
    return f"{dataset}/{known}" if dataset in OTHERS_OF_THAT_NAME else known


async def collect(settings: ChassisSettings, episodes: Sequence[LabelledEpisode], folder: Path) -> Collected:
    """Runs the sets and reads their tracks' vectors and the vectors of their casts' pictures."""
    found = Collected()
    async with connect(settings.mongo) as database:
        store = FacebankStore(database, Outbox(Bus("identity", settings.kafka), []))
        for number, episode in enumerate(episodes):
            dataset = episode.truth.name
            job = Job(episode=episode, named=True, title=dataset)
            out = folder / f"{number:02d}"
            result = await process(settings, job, out)
            references = await store.references(job.show)
            found.model_id = next(iter(references.values()))[0].model_id
            cast = {
                person_name(dataset, cast_id): np.array([entry.vector for entry in pictures], dtype=np.float32)
                for cast_id, pictures in references.items()
            }
            vectors = np.load(out / "manifests" / "tracks.npy")
            found.casts[dataset] = cast
            found.probes += probes_of(episode.truth, result.tracks, vectors, cast, found.model_id)
            print(f"{dataset}: {len(found.probes)} probes so far", file=sys.stderr, flush=True)
    return found


def probes_of(
    truth: Truth, tracks: Sequence[TrackRow], vectors: Floats, cast: Mapping[str, Floats], model_id: str
) -> list[Probe]:
    """Every track with a vector as an identity of its own, with the person whose it is; those of nobody are left out."""
    rows, evidence = _alone(tracks, vectors, model_id)
    people = {person_name(truth.name, slugify(alias)): intervals for alias, intervals in truth.everybody.items()}
    return [
        Probe(dataset=truth.name, person=owner, seconds=row.end_s - row.start_s, evidence=alone)
        for row, alone, owner in _with_owners(rows, evidence, people, cast)
    ]


def owners_of(
    people: Mapping[str, Intervals], tracks: Sequence[TrackRow], vectors: Floats, cast: Mapping[str, Floats]
) -> dict[str, str]:
    """Whose every track with a vector is, by track id; those of nobody are left out.

    `people` says when each is visible, `cast` holds vectors [N, D] of the pictures of those of whom there are some.
    """
    models = [track.model_id for track in tracks if track.model_id is not None and track.embedding_row is not None]
    rows, evidence = _alone(tracks, vectors, models[0] if models else "")
    return {row.track_id: owner for row, _, owner in _with_owners(rows, evidence, people, cast)}


def _alone(
    tracks: Sequence[TrackRow], vectors: Floats, model_id: str
) -> tuple[list[TrackRow], tuple[IdentityEvidence, ...]]:
    """The tracks that have a vector, each as an identity of its own."""
    rows = [track for track in tracks if track.embedding_row is not None]
    identities = [
        Identity(identity_id=f"identity-{number:05d}", track_ids=(row.track_id,), tracks=1, faces=row.samples)
        for number, row in enumerate(rows, start=1)
    ]
    evidence, _ = gather_evidence(
        identities, tracks=rows, track_vectors=vectors, centroids=(), model_id=model_id, dimension=vectors.shape[1]
    )
    return rows, tuple(evidence)


def _with_owners(
    rows: Sequence[TrackRow],
    evidence: Sequence[IdentityEvidence],
    people: Mapping[str, Intervals],
    cast: Mapping[str, Floats],
) -> Iterator[tuple[TrackRow, IdentityEvidence, str]]:
    for company in _companies(rows, people):
        owners = _owners([evidence[index] for index in company], _present(rows[company[0]], people), cast)
        for index, owner in zip(company, owners, strict=True):
            if owner is not None:
                yield rows[index], evidence[index], owner


def _present(row: TrackRow, people: Mapping[str, Sequence[tuple[float, float]]]) -> tuple[str, ...]:
    """Who is on screen for most of a track."""
    least = 0.5 * (row.end_s - row.start_s)
    return tuple(
        person
        for person, intervals in sorted(people.items())
        if total(intersection([(row.start_s, row.end_s)], intervals)) >= least
    )


def _companies(rows: Sequence[TrackRow], people: Mapping[str, Sequence[tuple[float, float]]]) -> list[list[int]]:
    """Tracks that are on screen together beside the same people."""
    groups: list[list[int]] = []
    for index, row in enumerate(rows):
        present = _present(row, people)
        for group in groups:
            first = rows[group[0]]
            shared = min(first.end_s, row.end_s) - max(first.start_s, row.start_s)
            mostly = shared > 0.5 * min(first.end_s - first.start_s, row.end_s - row.start_s)
            if mostly and _present(first, people) == present:
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def _owners(tracks: Sequence[IdentityEvidence], people: Sequence[str], cast: Mapping[str, Floats]) -> list[str | None]:
    """One person for each track, so that the sum of distances is least; None for those who are left over."""
    if not people:
        return [None] * len(tracks)
    known = {
        person: [identity_distance(track, cast[person], count=2) for track in tracks]
        for person in people
        if person in cast
    }
    usual = float(np.median([value for row in known.values() for value in row])) if known else 1.0
    costs = np.array([known.get(person, [UNKNOWN_DISTANCE * usual] * len(tracks)) for person in people]).T
    owners: list[str | None] = [None] * len(tracks)
    for track, person in zip(*linear_sum_assignment(costs), strict=True):
        owners[track] = people[person]
    return owners


def registered(model_id: str) -> PersonCalibration | None:
    """What the model registry says of an embedder."""
    for spec in load_registry().models.values():
        if spec.model_id == model_id and spec.calibration is not None and spec.calibration.people is not None:
            values = spec.calibration.people
            return PersonCalibration(
                values.same_mean, values.same_deviation, values.stranger_mean, values.stranger_deviation
            )
    return None


def report(title: str, trials: Sequence[Trial]) -> str:
    """A table: a line for every set and one for all, and the reliability diagram."""
    lines = [
        title,
        f"  {'set':<20}{'named right':>22}{'wrong':>22}{'strangers named':>24}{'EER':>7}{'miss@1%':>9}{'ECE':>7}",
    ]
    for dataset in (*dict.fromkeys(trial.dataset for trial in trials), None):
        found = rates([trial for trial in trials if dataset in (None, trial.dataset)])
        shares = "".join(
            f"{f'{middle:.3f} ({low:.3f} to {high:.3f})':>{width}}"
            for (middle, low, high), width in ((found.named, 22), (found.wrong, 22), (found.accepted_strangers, 24))
        )
        name = dataset or "all"
        lines.append(
            f"  {name:<20}{shares}{found.equal_error:7.3f}{found.missed_at_one_percent:9.3f}{found.calibration_error:7.3f}"
        )
    lines.append("  said, was right, of how many:")
    lines += [
        f"  {said:6.3f}{right:8.3f}{count:6d}  {'#' * round(30 * right)}" for said, right, count in reliability(trials)
    ]
    return "\n".join(lines)


async def measure(episodes: Sequence[LabelledEpisode]) -> tuple[Collected, dict[str, list[Trial]]]:
    """All trials, by the calibration they were made with."""
    with tempfile.TemporaryDirectory(prefix="screenalytics-recognition-") as folder:
        async with machine() as settings:
            found = await collect(settings, episodes, Path(folder))

    def with_calibration(probes: Sequence[Probe], people: PersonCalibration) -> list[Trial]:
        return try_probes(probes, found.casts, found.model_id, people, LinkRules())

    fitted = fit(found.probes, found.casts)
    print(f"fitted: {fitted}", file=sys.stderr)
    trials = {
        "fitted to these people": with_calibration(found.probes, fitted),
        "cross-validated, people left out": cross_validated(found.probes, found.casts, with_calibration),
    }
    shipped = registered(found.model_id)
    if shipped is not None:
        trials["as shipped in the model registry"] = with_calibration(found.probes, shipped)
    return found, trials


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="benchmarks.recognition", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--media", type=Path, action="append", help="folder of labelled episodes; may be repeated")
    parser.add_argument("--only", default="", metavar="TEXT", help="only sets that have TEXT in their name")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    arguments = parser.parse_args()
    media: list[Path] = arguments.media or [USUAL_MEDIA, USUAL_MEDIA / HARD]
    episodes = [
        episode
        for folder in media
        for episode in find_episodes(folder)
        if episode.cast is not None and arguments.only in episode.truth.name
    ]
    if not episodes:
        print("No labelled episodes with a cast: nothing measured. Name a folder of your own with --media.")
        return 0
    found, trials = asyncio.run(measure(episodes))
    if arguments.json:
        print(json.dumps({title: asdict(rates(entries)) for title, entries in trials.items()}, indent=1))
        return 0
    people = len({probe.person for probe in found.probes})
    print(f"{found.model_id}: {len(found.probes)} tracks of {people} people in {len(found.casts)} sets")
    print("\n\n".join(report(title, entries) for title, entries in trials.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
