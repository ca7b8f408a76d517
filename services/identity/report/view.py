"""What the report shows, worked out from the documents before any HTML is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.rows import (
    CastScreenTime,
    Interval,
    ScreenTimeDocument,
    ShotRow,
    TrackMetricsDocument,
    UnidentifiedScreenTime,
)
from services.identity.report.embedded_pictures import Gallery
from services.identity.report.formatting import sentence
from services.identity.report.timeline import (
    Mark,
    Tick,
    axis_ticks,
    clip,
    cuts_path,
    draw_lanes,
    marks_path,
    shot_cuts,
    zoom_levels,
)
from services.identity.report.together import Together, build_together
from services.identity.screentime.groups import EpisodePeople, GroupTotals, said_of, total_by

HIGH_CONFIDENCE = 0.9
GOOD_CONFIDENCE = 0.7
MAX_UNIDENTIFIED_CARDS = 60
MAX_UNIDENTIFIED_LANES = 20
MAX_INTERVAL_ROWS = 8_000
MIN_INTERVAL_ROWS = 20
DENSE_CUTS = 150
"""With more cuts than this the lines of the cuts would hide the bars until the timeline is zoomed."""


@dataclass(frozen=True, slots=True)
class Person:
    """A cast member with figures; `bar` is 0..1 of the person seen longest."""

    figures: CastScreenTime
    bar: float
    picture: int | None
    confidence_word: str


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody nobody could name, numbered from 1 in order of seconds."""

    figures: UnidentifiedScreenTime
    name: str
    reason: str
    bar: float
    picture: int | None


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of the timeline. `kind` is `anyone`, `cast` or `unidentified`."""

    kind: str
    name: str
    picture: int | None
    seconds: float
    marks: tuple[Mark, ...]
    path: str
    passing: bool = False

    @property
    def appearances(self) -> int:
        return sum(mark.appearances for mark in self.marks)


@dataclass(frozen=True, slots=True)
class Appearances:
    """The exact intervals of one person, as many as the report has room for."""

    name: str
    intervals: tuple[Interval, ...]
    left_out: int
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Timeline:
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    zooms: tuple[int, ...]
    cuts: str
    cut_count: int
    dense: bool
    strangers_left_out: int

    @property
    def merged(self) -> bool:
        return any(mark.appearances > 1 for lane in self.lanes for mark in lane.marks)


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning as it is shown. `code` is what programs decide by; None in results made before there were codes."""

    text: str
    code: str | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything the template prints."""

    title: str
    document: ScreenTimeDocument
    metrics: TrackMetricsDocument | None
    people: tuple[Person, ...]
    unseen: tuple[str, ...]
    strangers: tuple[Stranger, ...]
    strangers_left_out: int
    strangers_s: float
    figures: tuple[Stranger, ...]
    timeline: Timeline
    together: Together
    appearances: tuple[Appearances, ...]
    groups: tuple[GroupTotals, ...]
    notices: tuple[Notice, ...]
    conflicts: tuple[str, ...]
    shots: int
    gallery: Gallery

    @property
    def looked_for_bodies(self) -> bool:
        """Whether presence was measured besides visible faces."""
        return any(person.figures.present_s is not None for person in self.people)

    @property
    def passing(self) -> bool:
        """Whether anybody is shown who is seen in passing only."""
        figures = [person.figures.participant for person in self.people]
        return not all([*figures, *(stranger.figures.participant for stranger in self.strangers)])

    @property
    def lane_data(self) -> list[list[int]]:
        """Marks of every lane for the page's script: start, end (milliseconds) and appearances, one after another."""
        return [
            [
                number
                for mark in lane.marks
                for number in (round(mark.start_s * 1000), round(mark.end_s * 1000), mark.appearances)
            ]
            for lane in self.timeline.lanes
        ]


def confidence_word(confidence: float) -> str:
    """`high`, `good` or `check`: how far a figure can be relied on without looking."""
    if confidence >= HIGH_CONFIDENCE:
        return "high"
    return "good" if confidence >= GOOD_CONFIDENCE else "check"


def _part(seconds: float, longest_s: float) -> float:
    return min(1.0, seconds / longest_s) if longest_s > 0 else 0.0


def _people(document: ScreenTimeDocument, gallery: Gallery) -> tuple[Person, ...]:
    longest_s = max((member.visible_s for member in document.cast), default=0.0)
    return tuple(
        Person(
            figures=member,
            bar=_part(member.visible_s, longest_s),
            picture=gallery.number_of(member.representative),
            confidence_word=confidence_word(member.confidence),
        )
        for member in document.cast
        if member.visible_s > 0
    )


def _strangers(document: ScreenTimeDocument, gallery: Gallery) -> tuple[Stranger, ...]:
    ranked = sorted(document.unidentified, key=lambda item: (-item.visible_s, item.identity_id))
    longest_s = max((item.visible_s for item in ranked), default=0.0)
    return tuple(
        Stranger(
            figures=item,
            name=item.label or f"Unidentified {number}",
            reason=sentence(item.reason),
            bar=_part(item.visible_s, longest_s),
            picture=gallery.number_of(item.representative) if number <= MAX_UNIDENTIFIED_CARDS else None,
        )
        for number, item in enumerate(ranked, start=1)
    )


def _figures(document: ScreenTimeDocument, gallery: Gallery) -> tuple[Stranger, ...]:
    return tuple(
        Stranger(
            figures=item,
            name=f"Picture {number}",
            reason=sentence(item.reason),
            bar=0.0,
            picture=gallery.number_of(item.representative),
        )
        for number, item in enumerate(document.figures[:MAX_UNIDENTIFIED_CARDS], start=1)
    )


def _timeline(
    document: ScreenTimeDocument,
    shots: Sequence[ShotRow],
    people: Sequence[Person],
    strangers: Sequence[Stranger],
) -> Timeline:
    duration_s = document.duration_s
    everyone = [interval for person in people for interval in person.figures.intervals_s]
    everyone += [interval for stranger in strangers for interval in stranger.figures.intervals_s]
    shown = strangers[:MAX_UNIDENTIFIED_LANES]
    rows: list[tuple[str, str, int | None, float, Sequence[Interval], bool]] = []
    if everyone:
        rows.append(("anyone", "Anyone", None, document.coverage.any_face_s, _union(everyone, duration_s), False))
    for person in people:
        member = person.figures
        passing = not member.participant
        rows.append(("cast", member.name, person.picture, member.visible_s, member.intervals_s, passing))
    for stranger in shown:
        item = stranger.figures
        passing = not item.participant
        rows.append(("unidentified", stranger.name, stranger.picture, item.visible_s, item.intervals_s, passing))
    drawn = draw_lanes([row[4] for row in rows], duration_s=duration_s)
    cuts = shot_cuts(shots, duration_s=duration_s)
    return Timeline(
        lanes=tuple(
            Lane(kind, name, picture, seconds, marks, marks_path(marks, duration_s=duration_s), passing)
            for (kind, name, picture, seconds, _, passing), marks in zip(rows, drawn, strict=True)
        ),
        ticks=axis_ticks(duration_s),
        zooms=zoom_levels(duration_s),
        cuts=cuts_path(cuts, duration_s=duration_s),
        cut_count=len(cuts),
        dense=len(cuts) > DENSE_CUTS,
        strangers_left_out=len(strangers) - len(shown),
    )


def _union(intervals: Sequence[Interval], duration_s: float) -> list[Interval]:
    united: list[Interval] = []
    for start, end in clip(intervals, duration_s=duration_s):
        if united and start <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], end))
        else:
            united.append((start, end))
    return united


def _appearances(people: Sequence[Person], strangers: Sequence[Stranger]) -> tuple[Appearances, ...]:
    named: list[tuple[str, CastScreenTime | UnidentifiedScreenTime]] = [
        (person.figures.name, person.figures) for person in people
    ]
    named += [(stranger.name, stranger.figures) for stranger in strangers[:MAX_UNIDENTIFIED_LANES]]
    room = max(MIN_INTERVAL_ROWS, MAX_INTERVAL_ROWS // max(1, len(named)))
    return tuple(
        Appearances(
            name=name,
            intervals=tuple(sorted(figures.intervals_s)[:room]),
            left_out=max(0, len(figures.intervals_s) - room),
            passing=not figures.participant,
        )
        for name, figures in named
    )


def _together(document: ScreenTimeDocument, strangers: Sequence[Stranger]) -> Together:
    names = {member.cast_id: member.name for member in document.cast}
    names |= {stranger.figures.identity_id: stranger.name for stranger in strangers}
    return build_together(document.co_appearance_s, order=list(names), names=names)


def _shot_count(shots: Sequence[ShotRow], cuts: int) -> int:
    return cuts + 1 if shots else 0


def _notices(document: ScreenTimeDocument) -> tuple[Notice, ...]:
    codes = {warning.sentence: warning.code for warning in document.warning_details}
    return tuple(Notice(text=sentence(text), code=codes.get(text)) for text in document.warnings)


def build_view(
    *,
    document: ScreenTimeDocument,
    title: str,
    shots: Sequence[ShotRow],
    thumbnails: Mapping[str, bytes],
    metrics: TrackMetricsDocument | None,
    conflicts: Sequence[str],
) -> ReportView:
    """Work out the report's content. Arguments are those of `render_report`."""
    gallery = Gallery(thumbnails)
    people = _people(document, gallery)
    strangers = _strangers(document, gallery)
    timeline = _timeline(document, shots, people, strangers)
    return ReportView(
        title=title.strip() or document.episode_id,
        document=document,
        metrics=metrics,
        people=people,
        unseen=tuple(member.name for member in document.cast if member.visible_s <= 0),
        strangers=strangers[:MAX_UNIDENTIFIED_CARDS],
        strangers_left_out=max(0, len(strangers) - MAX_UNIDENTIFIED_CARDS),
        strangers_s=sum(stranger.figures.visible_s for stranger in strangers),
        figures=_figures(document, gallery),
        timeline=timeline,
        together=_together(document, strangers),
        appearances=_appearances(people, strangers),
        groups=tuple(total_by(by, [EpisodePeople.of(document)]) for by in said_of(document)),
        notices=_notices(document),
        conflicts=tuple(sentence(conflict) for conflict in conflicts),
        shots=_shot_count(shots, timeline.cut_count),
        gallery=gallery,
    )
