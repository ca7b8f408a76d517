from __future__ import annotations

from collections.abc import Sequence

from chassis.domain.visibility import VisibilityRules
from contracts.rows import Identity, TrackRow
from services.grouper.edits.preview import SecondsRule, Side, compare
from tests.unit.grouper.rows import shot, track

SHOTS = [shot(1, 0, 10, "start", "cut"), shot(2, 10, 20, "cut", "end")]
RULE = SecondsRule(SHOTS, duration_s=20, rules=VisibilityRules(max_gap_s=1.0))
TRACKS = [track(1, 0, 4), track(2, 4.5, 6), track(3, 9.5, 9.9), track(4, 10.1, 12)]


def _person(number: int, *tracks: int, label: str | None = None, reason: str | None = None) -> Identity:
    return Identity(
        identity_id=f"identity-{number:05d}",
        track_ids=tuple(TRACKS[one - 1].track_id for one in tracks),
        tracks=len(tracks),
        faces=0,
        label=label,
        reason=reason,
    )


def _side(*people: Identity, tracks: Sequence[TrackRow] = TRACKS, warnings: Sequence[str] = ()) -> Side:
    return Side(people, tracks, warnings)


def test_seconds_bridge_short_gaps_but_no_cut() -> None:
    assert RULE.seconds(TRACKS[:2]) == 6.0
    assert RULE.seconds(TRACKS[2:]) == 2.3


def test_who_appears_vanishes_gains_and_loses() -> None:
    before = _side(_person(1, 1), _person(2, 2), _person(3, 3, 4), _person(9, reason="no_embedding"))
    after = _side(_person(1, 1, 2), _person(3, 3), _person(4, 4), _person(9, reason="no_embedding"), warnings=["mixed"])
    preview = compare(before, after, RULE)
    found = {change.identity_id[-1]: change for change in preview.changes}
    assert {name: change.change for name, change in found.items()} == {
        "1": "changes",
        "2": "vanishes",
        "3": "changes",
        "4": "appears",
    }
    assert (found["1"].gained_track_ids, found["1"].lost_track_ids) == ((TRACKS[1].track_id,), ())
    assert (found["1"].seconds_before, found["1"].seconds_after) == (4.0, 6.0)
    assert (found["2"].seconds_before, found["2"].seconds_after) == (1.5, 0.0)
    assert (preview.clusters_before, preview.clusters_after, preview.unchanged) == (3, 3, 1)
    assert preview.new_warnings == ("mixed",)
    effects = [abs(change.seconds_after - change.seconds_before) for change in preview.changes]
    assert effects == sorted(effects, reverse=True)


def test_a_name_is_a_change_without_seconds() -> None:
    preview = compare(_side(_person(1, 1)), _side(_person(1, 1, label="Ann")), RULE)
    assert [(change.label, change.seconds_before, change.seconds_after) for change in preview.changes] == [
        ("Ann", 4.0, 4.0)
    ]
