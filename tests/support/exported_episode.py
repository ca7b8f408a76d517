"""The episode of the pages on exports: Ada twice, José once while Ada is there, somebody without a name."""

from __future__ import annotations

from contracts.cast import CastDetails
from contracts.external_ids import PersonIds, ProgrammeIds
from contracts.rows import CastScreenTime, Coverage, Interval, ScreenTimeDocument, UnidentifiedScreenTime

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
