"""Screen time: from tracks, shots and names to who was visible, when and for how long.

The invariant everything leans on: all times are snapped to milliseconds once, at the door, and no later step invents an
end point; so every total is exactly the sum of the intervals that are shown.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from chassis.domain.intervals import Intervals, difference, longest, round_ms, total, union
from chassis.domain.visibility import VisibilityRules, find_cuts, present, visible
from contracts.rows import (
    CastLink,
    CastScreenTime,
    CoAppearance,
    Coverage,
    Identity,
    Interval,
    ScreenTimeDocument,
    TrackRow,
    UnidentifiedScreenTime,
)
from contracts.warnings import Warning, sentences
from services.identity.figures.figures import Figure, find_figures, judge_figures
from services.identity.prominence.prominence import PersonProminence, person_prominence, track_prominences
from services.identity.rules import ScreenTimeRules
from services.identity.screentime.changes import describe_changes
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.reasons import Reasons

RATIO_DIGITS = 6


@dataclass(frozen=True)
class _Presence:
    """Where one person (a cast member or an unidentified identity) is visible."""

    key: str
    intervals: Intervals
    tracks: tuple[TrackRow, ...]
    prominence: PersonProminence
    present: Intervals | None

    @property
    def seconds(self) -> float:
        return total(self.intervals)


def compute_screen_time(
    run: EpisodeRun,
    seen: Seen,
    named: Named,
    *,
    rules: ScreenTimeRules,
    visibility: VisibilityRules,
    warnings: Sequence[Warning] = (),
    models: Mapping[str, str] | None = None,
    previous: ScreenTimeDocument | None = None,
    reasons: Reasons | None = None,
) -> ScreenTimeDocument:
    """Computes a revision of an episode's screen time.

    `cast` holds the cast members that have a link, most visible first; every identity without a link is in
    `unidentified` with the reason that `reasons` give. Every track belongs to an identity,
    but for those an operator dropped: they count for nobody. `co_appearance_s` holds the pairs that are ever together,
    longest first. `previous` is the revision before; `changes` then says what became different.

    Raises ValueError when `duration_s` is negative or not finite.
    """
    if not math.isfinite(run.duration_s) or run.duration_s < 0:
        raise ValueError(f"duration_s must be finite and not negative, got {run.duration_s}")
    duration = round_ms(run.duration_s)
    cuts, names = find_cuts(seen.shots), named.cast_names
    everyone = sorted(named.identities, key=lambda person: person.identity_id)
    link_of = {link.identity_id: link for link in sorted(named.links, key=lambda link: link.identity_id)}
    members = _tracks_by_identity(everyone, seen.tracks)

    groups: dict[str, list[Identity]] = defaultdict(list)
    for person in everyone:
        if person.identity_id in link_of:
            groups[link_of[person.identity_id].cast_id].append(person)

    prominences = track_prominences(seen.tracks, rules.prominence)

    def presence(key: str, people: Iterable[Identity]) -> _Presence:
        rows = tuple(row for person in people for row in members[person.identity_id])
        spans = visible(rows, duration=duration, cuts=cuts, rules=visibility)
        return _Presence(
            key,
            spans,
            rows,
            person_prominence(rows, spans, prominences, rules.prominence),
            present(rows, duration=duration, cuts=cuts, rules=visibility),
        )

    cast_presence = [presence(cast_id, people) for cast_id, people in sorted(groups.items())]
    found = [presence(person.identity_id, [person]) for person in everyone if person.identity_id not in link_of]
    cast_presence.sort(key=lambda one: (-one.seconds, one.key))
    found.sort(key=lambda one: (-one.seconds, one.key))
    judged = judge_figures(everyone, members, seen.tracks, linked=link_of, rules=rules.figures)
    pictures = find_figures(judged, rules.figures)
    unnamed = [one for one in found if one.key not in pictures]
    figures = [one for one in found if one.key in pictures]

    cast = tuple(
        _cast_row(one, groups[one.key], link_of, members, names.get(one.key, one.key), duration)
        for one in cast_presence
    )
    by_id = {person.identity_id: person for person in everyone}
    unidentified = tuple(
        _unidentified_row(
            one, by_id[one.key], reasons or Reasons(), extra=one.key in named.extras, judged=judged.get(one.key)
        )
        for one in unnamed
    )
    apart = tuple(_figure_row(one, by_id[one.key], pictures[one.key]) for one in figures)
    any_face = union(*(one.intervals for one in cast_presence + unnamed))
    notes = [*warnings, *_link_warnings(link_of, by_id, names)]
    notes += _doubled_presence(cast_presence, names, rules.simultaneous_s)
    notes += _dropped_tracks(named.identities, seen.tracks)

    document = ScreenTimeDocument(
        episode_id=run.ep_id,
        run_id=run.run_id,
        revision=run.revision,
        duration_s=duration,
        cast=cast,
        unidentified=unidentified,
        figures=apart,
        co_appearance_s=_co_appearances(cast_presence + unnamed),
        coverage=Coverage(
            any_face_s=total(any_face),
            nobody_s=total(difference([(0.0, duration)], any_face)),
            figures_s=total(union(*(one.intervals for one in figures))),
            extras_s=total(union(*(one.intervals for one in unnamed if one.key in named.extras))),
        ),
        warnings=sentences(notes),
        warning_details=tuple(dict.fromkeys(notes)),
        models=dict(sorted((models or {}).items())),
    )
    return document.model_copy(update={"changes": describe_changes(previous, document, reason=run.reason)})


def visible_intervals(
    identities: Sequence[Identity],
    seen: Seen,
    *,
    duration_s: float,
    rules: VisibilityRules,
) -> dict[str, Intervals]:
    """Identity id -> when it is visible, by the rules of the screen time."""
    duration, cuts = round_ms(duration_s), find_cuts(seen.shots)
    return {
        identity: visible(rows, duration=duration, cuts=cuts, rules=rules)
        for identity, rows in _tracks_by_identity(identities, seen.tracks).items()
    }


def _tracks_by_identity(identities: Iterable[Identity], tracks: Iterable[TrackRow]) -> dict[str, tuple[TrackRow, ...]]:
    rows = {row.track_id: row for row in tracks}
    return {
        person.identity_id: tuple(rows[track_id] for track_id in sorted(set(person.track_ids)) if track_id in rows)
        for person in identities
    }


def _cast_row(
    presence: _Presence,
    people: Sequence[Identity],
    link_of: Mapping[str, CastLink],
    members: Mapping[str, Sequence[TrackRow]],
    name: str,
    duration: float,
) -> CastScreenTime:
    spans = presence.intervals
    seconds = {person.identity_id: _track_seconds(members[person.identity_id]) for person in people}
    main = max(people, key=lambda person: (seconds[person.identity_id], person.representative is not None))
    confidence = _weighted_mean([(link_of[key].probability, weight) for key, weight in seconds.items()])
    sizes = [(row.mean_size, max(0.0, row.end_s - row.start_s)) for row in presence.tracks]
    face_size = _weighted_mean(sizes)
    return CastScreenTime(
        cast_id=presence.key,
        name=name,
        visible_s=presence.seconds,
        share=min(1.0, round(presence.seconds / duration, RATIO_DIGITS)) if duration > 0 else 0.0,
        appearances=len(spans),
        first_s=spans[0][0] if spans else None,
        last_s=spans[-1][1] if spans else None,
        longest_s=longest(spans),
        mean_face_size=None if face_size is None else round(face_size, RATIO_DIGITS),
        intervals_s=spans,
        confidence=round(confidence or 0.0, RATIO_DIGITS),
        identity_ids=tuple(sorted(seconds)),
        representative=main.representative,
        present_s=None if presence.present is None else total(presence.present),
        present_intervals_s=presence.present or (),
        prominence=presence.prominence.score,
        participant=presence.prominence.participant,
        shown=presence.prominence.shown,
    )


def _unidentified_row(
    presence: _Presence, person: Identity, reasons: Reasons, *, extra: bool, judged: Figure | None
) -> UnidentifiedScreenTime:
    reason, code = reasons.why(person, extra=extra)
    return UnidentifiedScreenTime(
        identity_id=presence.key,
        visible_s=presence.seconds,
        intervals_s=presence.intervals,
        tracks=len(presence.tracks),
        reason=reason,
        reason_code=code,
        representative=person.representative,
        label=person.label,
        present_s=None if presence.present is None else total(presence.present),
        present_intervals_s=presence.present or (),
        prominence=presence.prominence.score,
        participant=presence.prominence.participant,
        shown=presence.prominence.shown,
        extra=extra,
        probably_not_a_person=None if judged is None else judged.probability,
    )


def _figure_row(presence: _Presence, person: Identity, figure: Figure) -> UnidentifiedScreenTime:
    """A picture or figure; nobody is present and nobody takes part."""
    row = _unidentified_row(presence, person, Reasons(), extra=False, judged=figure)
    return row.model_copy(
        update={
            "reason": figure.reason,
            "reason_code": "picture_or_figure",
            "present_s": None,
            "present_intervals_s": (),
            "participant": False,
        }
    )


def _track_seconds(rows: Iterable[TrackRow]) -> float:
    return math.fsum(max(0.0, row.end_s - row.start_s) for row in rows)


def _weighted_mean(values: Sequence[tuple[float, float]]) -> float | None:
    """Mean of `(value, weight)`; the plain mean when nothing has weight, None without values."""
    if not values:
        return None
    weight = math.fsum(share for _, share in values)
    if weight <= 0:
        return math.fsum(value for value, _ in values) / len(values)
    return math.fsum(value * share for value, share in values) / weight


def _co_appearances(people: Sequence[_Presence]) -> tuple[CoAppearance, ...]:
    """Seconds of every pair that is together at all: one sweep over all starts and ends."""
    rank = {one.key: place for place, one in enumerate(people)}
    border = sorted(
        (time, opens, one.key)
        for one in people
        for span in one.intervals
        for time, opens in zip(span, (1, 0), strict=True)
    )
    together: dict[tuple[str, str], list[float]] = defaultdict(list)
    visible: set[str] = set()
    since = 0.0
    for time, opens, key in border:
        if time > since:
            for pair in combinations(sorted(visible, key=rank.__getitem__), 2):
                together[pair].append(time - since)
            since = time
        if opens:
            visible.add(key)
        else:
            visible.remove(key)
    pairs = (CoAppearance(a=a, b=b, seconds=round_ms(math.fsum(parts))) for (a, b), parts in together.items())
    return tuple(sorted(pairs, key=lambda pair: (-pair.seconds, rank[pair.a], rank[pair.b])))


def _link_warnings(
    link_of: Mapping[str, CastLink], identities: Mapping[str, Identity], cast_names: Mapping[str, str]
) -> list[Warning]:
    missing = [link for key, link in link_of.items() if key not in identities]
    notes = [
        Warning.of(
            "link_without_identity",
            f"{link.identity_id} is linked to {link.cast_id} but does not exist.",
            subject=link.identity_id,
        )
        for link in missing
    ]
    unknown = sorted({link.cast_id for link in link_of.values()} - set(cast_names))
    notes += [
        Warning.of(
            "linked_to_unknown_cast",
            f"{cast_id} is linked but not in the show's cast; its id is shown instead of a name.",
            subject=cast_id,
        )
        for cast_id in unknown
    ]
    return notes


def _dropped_tracks(identities: Iterable[Identity], tracks: Sequence[TrackRow]) -> list[Warning]:
    claimed = {track_id for person in identities for track_id in person.track_ids}
    dropped = [row for row in tracks if row.track_id not in claimed]
    if not dropped:
        return []
    seconds = total((row.start_s, row.end_s) for row in dropped)
    sentence = f"Dropped tracks count for nobody: {len(dropped)} with {seconds:.1f} s."
    return [Warning.of("tracks_dropped", sentence)]


def _doubled_presence(named: Iterable[_Presence], cast_names: Mapping[str, str], tolerance_s: float) -> list[Warning]:
    """One person cannot be in two places: says where links or clusters claim it."""
    notes = []
    for one in named:
        doubled: list[Interval] = []
        reach = 0.0
        for row in sorted(one.tracks, key=lambda row: (row.start_s, row.track_id)):
            doubled.append((row.start_s, min(row.end_s, reach)))
            reach = max(reach, row.end_s)
        seconds = total(doubled)
        if seconds > tolerance_s:
            name = cast_names.get(one.key, one.key)
            since = next(start for start, end in doubled if end > start)
            sentence = (
                f"{name} is in two places at once for {seconds:.1f} s, which count once: check who is linked to {name}."
            )
            notes.append(Warning.of("in_two_places", sentence, start_s=since, subject=one.key))
    return notes
