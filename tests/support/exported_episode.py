"""The episode of the pages on exports: Ada twice, José once while Ada is there, somebody without a name."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.cast import CastDetails
from contracts.external_ids import PersonIds, ProgrammeIds
from contracts.rows import (
    CastScreenTime,
    Coverage,
    DetectionRow,
    GroupingMetrics,
    IdentitiesDocument,
    Interval,
    Landmarks,
    ScreenTimeDocument,
    TrackRow,
    UnidentifiedScreenTime,
)
from services.identity.exports.face_boxes import BoxedEpisode, boxed_episode
from services.identity.exports.timecode import RATES
from tests.unit.identity.builders import make_identity, make_track

EP = "harbour-lights-s02e05"
ADA = CastDetails(role="presenter", attributes={"pronouns": "she/her"})
JOSE = CastDetails(
    external_ids=PersonIds(imdb="nm9999901", wikidata="Q99999901"), role="guest", characters=("Captain Holm",)
)
"""Ids that nobody has; they are in the right form."""


def cast_row(cast_id: str, name: str, *intervals: Interval, number: int = 1) -> CastScreenTime:
    """Somebody of the cast, visible in these intervals of an episode of 100 s."""
    lengths = [round(end - start, 3) for start, end in intervals]
    return CastScreenTime(
        cast_id=cast_id,
        name=name,
        visible_s=round(sum(lengths), 3),
        share=round(sum(lengths) / 100.0, 6),
        appearances=len(intervals),
        first_s=intervals[0][0],
        last_s=intervals[-1][1],
        longest_s=max(lengths),
        mean_face_size=0.25,
        intervals_s=intervals,
        confidence=0.98,
        identity_ids=(f"identity-{number:05d}",),
    )


def exported_boxes(document: ScreenTimeDocument, wanted: frozenset[str] = frozenset()) -> BoxedEpisode:
    """Boxes of its first seconds in a picture of 1280 by 720 at 25 frames/s: Ada, then José too, and a face of nobody.

    José's track was cut by an operator; its second part is somebody without a name.
    """
    tracks = [
        make_track(1, 2.0, 6.48),
        make_track(2, 4.0, 4.5).model_copy(update={"track_id": "track-00000-002000"}),
        make_track(2, 4.5, 5.0).model_copy(update={"track_id": "track-00000-002001"}),
    ]
    places = [(1, 2.0, 0.25), (1, 4.0, 0.25), (2, 4.0, 0.75), (1, 4.6, 0.25), (2, 4.6, 0.95)]
    detections = [detection(f"track-00000-{track:03d}", at_s, left) for track, at_s, left in places]
    return boxed_episode(
        document,
        [*detections, detection(None, 2.0, 0.5)],
        tracks,
        identities_of(tracks),
        rate=RATES["25"],
        length=2500,
        size=(1280, 720),
        wanted=wanted,
    )


def identities_of(tracks: Sequence[TrackRow]) -> IdentitiesDocument:
    """A person of each track."""
    metrics = GroupingMetrics(
        tracks=3, clusters=3, unassigned_tracks=0, rescued_tracks=0, singleton_fraction=1, largest_fraction=0.3
    )
    return IdentitiesDocument(
        ep_id=EP,
        run_id="01JGFJJZ00ABCDEFGHJKMNPQR0",
        revision=3,
        identities=tuple(make_identity(number, track) for number, track in enumerate(tracks, start=1)),
        metrics=metrics,
    )


def _ten(values: Sequence[float]) -> Landmarks:
    a, b, c, d, e, f, g, h, i, j = values
    return a, b, c, d, e, f, g, h, i, j


def detection(track_id: str | None, at_s: float, left: float) -> DetectionRow:
    """A face of a tenth of the picture's width and a fifth of its height."""
    points = [(0.03, 0.06), (0.07, 0.06), (0.05, 0.1), (0.03, 0.14), (0.07, 0.14)]
    return DetectionRow(
        ep_id=EP,
        segment=0,
        frame_idx=round(at_s * 8),
        ts_s=at_s,
        bbox=(left, 0.25, left + 0.1, 0.45),
        landmarks=_ten([value for x, y in points for value in (left + x, 0.25 + y)]),
        conf=0.9 if track_id else 0.4,
        track_id=track_id,
        model_id="examples",
    )


def exported_episode() -> ScreenTimeDocument:
    """100 s whose first picture has the timecode 01:00:00:00."""
    return ScreenTimeDocument(
        episode_id=EP,
        run_id="01JGFJJZ00ABCDEFGHJKMNPQR0",
        revision=3,
        duration_s=100.0,
        cast=(
            cast_row("ada", "Ada Marsh", (2.0, 6.48), (59.0, 61.0)).model_copy(update={"details": ADA}),
            cast_row("jose", "José Reyes", (4.0, 8.0), number=2).model_copy(update={"details": JOSE}),
        ),
        unidentified=(
            UnidentifiedScreenTime(
                identity_id="identity-00003",
                visible_s=1.0,
                intervals_s=((30.0, 31.0),),
                tracks=1,
                reason="nobody of the cast is similar",
            ),
        ),
        co_appearance_s=(),
        coverage=Coverage(any_face_s=9.0, nobody_s=91.0),
        timecode="01:00:00:00",
        external_ids=ProgrammeIds(eidr="10.5240/7791-8534-2C23-9030-8610-5", imdb="tt9999905"),
        show_external_ids=ProgrammeIds(wikidata="Q99999902"),
    )
