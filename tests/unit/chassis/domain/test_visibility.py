"""When somebody counts as visible: one rule and one setting for the report and for previews of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.visibility import VisibilityRules, visible
from services.grouper.edits.preview import SecondsRule
from services.grouper.settings import GrouperSettings
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time, visible_intervals
from services.identity.settings import IdentitySettings
from tests.unit.identity.builders import EP, RUN, make_identity, make_shot, make_track

DURATION_S = 60.0
SHOTS = [make_shot(1, 0.0, 20.0, "start", "cut"), make_shot(2, 20.0, DURATION_S, "cut", "end")]


@given(
    gap_s=st.floats(0, 5),
    spans=st.lists(st.tuples(st.floats(0, 55), st.floats(0.05, 5)), min_size=1, max_size=8),
)
def test_a_preview_tells_the_seconds_that_the_report_will(gap_s: float, spans: list[tuple[float, float]]) -> None:
    rules = VisibilityRules(max_gap_s=gap_s)
    tracks = [make_track(number, start, start + length) for number, (start, length) in enumerate(spans, 1)]
    person, seen = make_identity(1, *tracks), Seen(tracks=tracks, shots=SHOTS)
    report = compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=1, duration_s=DURATION_S),
        seen,
        Named(identities=[person], links=[], cast_names={}),
        rules=IdentityThresholds().screen_time,
        visibility=rules,
    )
    preview = SecondsRule(SHOTS, duration_s=DURATION_S, rules=rules)
    assert preview.seconds(tracks) == report.unidentified[0].visible_s
    shown = visible_intervals([person], seen, duration_s=DURATION_S, rules=rules)
    assert shown[person.identity_id] == report.unidentified[0].intervals_s


def test_the_services_read_the_longest_gap_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCREENALYTICS_VISIBILITY__MAX_GAP_S", "2.5")
    assert GrouperSettings().visibility == IdentitySettings().visibility == VisibilityRules(max_gap_s=2.5)
    for rules in (GrouperSettings().grouping.preview, IdentitySettings().recognition.screen_time):
        assert not [name for name in type(rules).model_fields if "gap" in name]


@pytest.mark.parametrize(
    ("leaves", "enters", "expected"),
    [
        (False, False, ((1.0, 5.0),)),
        (True, False, ((1.0, 2.0), (2.6, 5.0))),
        (False, True, ((1.0, 2.0), (2.6, 5.0))),
    ],
)
def test_a_gap_is_bridged_where_the_person_can_have_stayed(
    leaves: bool, enters: bool, expected: tuple[tuple[float, float], ...]
) -> None:
    before = make_track(1, 1.0, 2.0).model_copy(update={"leaves": leaves})
    after = make_track(2, 2.6, 5.0).model_copy(update={"enters": enters})
    assert visible([before, after], duration=DURATION_S, cuts=(20.0,), rules=VisibilityRules()) == expected
