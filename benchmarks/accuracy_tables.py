"""What `benchmarks.accuracy` prints."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.jobs import Finished
from benchmarks.scoring import CutScore, EpisodeScore


def table(done: Finished) -> str:
    """One job's result for people to read."""
    if done.score is None:
        return f"{done.job.title}\n  NO RESULT  {done.problem}"
    result = done.score
    lines = [done.job.title, f"  {'person':<22}{'truth s':>8}{'found s':>9}{'error s':>9}{'allowed':>9}{'IoU':>7}"]
    for person in result.people:
        name = f"{person.name} = {person.found_as}" if person.is_stranger else person.name
        lines.append(
            f"  {name:<22}{person.truth_s:8.2f}{person.found_s:9.2f}{_signed(person.error_s):>9}{person.allowed_s:9.2f}"
            f"{person.iou:7.3f}{'' if person.good else '  NOT GOOD'}"
        )
    if done.job.named:
        lines.append(f"  wrong names {result.wrong_name_s:.2f} s, unidentified {result.unidentified_s:.2f} s")
    lines.append(f"  nobody on screen {_signed(result.nobody_error_s)} s; {_cuts(result.cuts)}; {_clusters(result)}")
    return "\n".join(lines)


def summary_table(finished: Sequence[Finished]) -> str:
    """One line for every job."""
    width = max(len(done.job.title) for done in finished)
    lines = [f"{'':<{width}}  largest error s  least IoU  wrong names s"]
    for done in finished:
        if done.score is None:
            lines.append(f"{done.job.title:<{width}}  NO RESULT  {done.problem}")
            continue
        people = done.score.people
        error_s = max((person.error_s for person in people), key=abs, default=0.0)
        least = min((person.iou for person in people), default=1.0)
        lines.append(
            f"{done.job.title:<{width}}{_signed(error_s):>17}{least:11.3f}{done.score.wrong_name_s:15.2f}"
            f"  {_cuts(done.score.cuts)}; {_clusters(done.score)}{'' if done.good else '  NOT GOOD'}"
        )
    return "\n".join(lines)


def _signed(seconds: float) -> str:
    return f"{round(seconds, 2) + 0.0:+.2f}"  # adding zero keeps a rounded -0.001 from being shown as -0.00


def _cuts(cuts: CutScore) -> str:
    further = f" (and {len(cuts.further_s)} unlabelled)" if cuts.further_s else ""
    missing = f", MISSING at {', '.join(f'{time:.2f}' for time in cuts.missing_s)} s" if cuts.missing_s else ""
    return f"cuts {cuts.found} of {cuts.found + len(cuts.missing_s)}{further}{missing}"


def _clusters(result: EpisodeScore) -> str:
    clusters = result.clusters
    return f"clusters {clusters.found} of {clusters.true}, BCubed F {clusters.bcubed_f:.3f}, NMI {clusters.nmi:.3f}"


def moments_table(finished: Sequence[Finished]) -> str:
    """One line for every video with its cast: what is shown against who is there, in seconds of people."""
    named = [done for done in finished if done.job.named]
    width = max((len(done.job.episode.video.stem) for done in named), default=0)
    lines = [f"{'set':<{width}}  named right  wrong name s  seconds too many  false people s"]
    for done in named:
        name = done.job.episode.video.stem
        if done.score is None:
            lines.append(f"{name:<{width}}  NO RESULT  {done.problem}")
            continue
        moments = done.score.moments
        lines.append(
            f"{name:<{width}}{moments.named:13.3f}{moments.wrong_s:14.2f}{100 * moments.too_much:16.1f} %"
            f"{moments.false_people_s:16.2f}{'' if moments.good else '  below the goals'}"
        )
    wrong_s = sum(done.score.moments.wrong_s for done in named if done.score)
    people_s = sum(done.score.moments.people_s for done in named if done.score)
    if people_s:
        lines.append(f"wrong names on all of them: {100 * wrong_s / people_s:.2f} % of {people_s:.0f} s of people")
    return "\n".join(lines)
