"""The script keeps what the demo promises: everyone twice, hard cuts, two strangers, references from elsewhere."""

from screenalytics.sample.catalogue import PACKAGES
from screenalytics.sample.script import CAST, EPISODE, FRAMES_PER_S, Panel
from screenalytics.sample.truth import truth_of

EVERYONE = sorted({person for shot in EPISODE for person in shot.people})
CAST_NAMES = {picture.person for picture in CAST}


def test_the_episode_is_short_and_has_many_cuts() -> None:
    truth = truth_of("episode", EPISODE)
    assert 30 <= truth["duration_s"] <= 45
    assert len(EPISODE) - 1 >= 10


def test_every_shot_lasts_a_whole_number_of_frames() -> None:
    for shot in EPISODE:
        assert abs(shot.duration_s * FRAMES_PER_S - shot.frames) < 1e-6


def test_everyone_appears_in_two_shots_that_differ_in_framing_or_light() -> None:
    for person in EVERYONE:
        looks = {
            (panel.source, panel.start, panel.gain, panel.area)
            for shot in EPISODE
            for panel in shot.panels
            if person in panel.people
        }
        assert len(looks) >= 2, person


def test_one_shot_shows_nobody_and_several_show_two_people_or_more() -> None:
    assert any(not shot.people for shot in EPISODE)
    assert sum(len(shot.people) >= 2 for shot in EPISODE) >= 3


def test_two_people_are_missing_from_the_facebank() -> None:
    assert set(EVERYONE) - CAST_NAMES == {"guest 1", "guest 2"}
    assert CAST_NAMES.issubset(EVERYONE)


def test_a_cast_member_has_one_to_three_pictures() -> None:
    for name in CAST_NAMES:
        assert 1 <= sum(picture.person == name for picture in CAST) <= 3


def test_facebank_pictures_from_clips_show_moments_that_are_not_in_the_episode() -> None:
    spans = [(panel.source, panel.span) for shot in EPISODE for panel in shot.panels if panel.span is not None]
    for picture in CAST:
        if picture.at_s is not None:
            for source, span in spans:
                assert source != picture.source or not span.start_s <= picture.at_s <= span.end_s


def test_facebank_pictures_from_a_photograph_of_the_episode_are_mirrored() -> None:
    photographs = {panel.source for shot in EPISODE for panel in shot.panels if panel.span is None}
    for picture in CAST:
        assert picture.mirrored or picture.source not in photographs


def test_every_source_comes_from_a_pinned_package() -> None:
    pinned = {member.rpartition("/")[2] for package in PACKAGES for member in package.members}
    used = {panel.source for shot in EPISODE for panel in shot.panels} | {picture.source for picture in CAST}
    assert used == pinned


def test_panels_of_a_shot_do_not_overlap() -> None:
    for shot in EPISODE:
        for number, panel in enumerate(shot.panels):
            assert not any(_overlap(panel, other) for other in shot.panels[number + 1 :])


def _overlap(one: Panel, other: Panel) -> bool:
    apart_across = one.area.x + one.area.width <= other.area.x or other.area.x + other.area.width <= one.area.x
    apart_down = one.area.y + one.area.height <= other.area.y or other.area.y + other.area.height <= one.area.y
    return not (apart_across or apart_down)
