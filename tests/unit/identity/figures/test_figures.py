from __future__ import annotations

from collections.abc import Sequence

from chassis.domain.visibility import VisibilityRules
from contracts.rows import CastLink, Identity, PictureChange, ScreenTimeDocument, TrackRow
from services.identity.figures.figures import ANIMAL, DRAWN, PICTURE, STILL, find_figures, judge_figures
from services.identity.figures.stillness import is_beside_life, lone_still_ratio, picture_ratio
from services.identity.rules import FigureRules, IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import EP, RUN, make_identity, make_link, make_track

RULES = FigureRules()
ALIVE, FROZEN = 0.06, 0.0005


def track(number: int, start_s: float, end_s: float, typical: float | None, *, shot: int = 0) -> TrackRow:
    row = make_track(number, start_s, end_s, shot=shot)
    if typical is None:
        return row
    return row.model_copy(update={"change": PictureChange(typical=typical, large=2 * typical, pictures=12)})


def computed(
    tracks: Sequence[TrackRow], identities: Sequence[Identity], links: Sequence[CastLink] = ()
) -> ScreenTimeDocument:
    return compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=1, duration_s=60.0),
        Seen(tracks=tracks, shots=[]),
        Named(identities=identities, links=links, cast_names={"ada": "Ada"}),
        rules=IdentityThresholds().screen_time,
        visibility=VisibilityRules(),
    )


def test_what_stands_still_beside_a_speaker_is_a_picture() -> None:
    picture, speaker = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    assert is_beside_life(picture, [picture, speaker], RULES)
    assert not is_beside_life(speaker, [picture, speaker], RULES)


def test_nobody_leaves_a_still_in_which_nobody_moves() -> None:
    row = [track(number, 0, 4, FROZEN) for number in range(5)]
    assert not any(is_beside_life(one, row, RULES) for one in row)


def test_a_face_that_is_alone_proves_nothing() -> None:
    alone = track(1, 0, 4, FROZEN)
    assert not is_beside_life(alone, [alone], RULES)


def test_a_speaker_in_another_shot_or_at_another_time_proves_nothing() -> None:
    still = track(1, 0, 4, FROZEN)
    assert not is_beside_life(still, [still, track(2, 0, 4, ALIVE, shot=1)], RULES)
    assert not is_beside_life(still, [still, track(2, 3, 9, ALIVE)], RULES)


def test_rows_that_were_not_measured_are_people() -> None:
    assert not is_beside_life(track(1, 0, 4, None), [track(2, 0, 4, ALIVE)], RULES)
    assert not is_beside_life(track(1, 0, 4, FROZEN), [track(2, 0, 4, None)], RULES)


def test_a_person_whose_picture_is_on_the_wall_stays_a_person() -> None:
    picture, speaker, alive = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE), track(3, 10, 14, ALIVE)
    identities = [make_identity(1, picture, alive), make_identity(2, speaker)]
    members = {"identity-00001": [picture, alive], "identity-00002": [speaker]}
    judged = judge_figures(identities, members, [picture, speaker, alive], linked=(), rules=RULES)
    assert not find_figures(judged, RULES)


def test_one_clear_picture_tells_of_the_same_face_elsewhere() -> None:
    beside, alone, speaker = track(1, 0, 4, FROZEN), track(3, 10, 14, 0.005), track(2, 0, 4, ALIVE)
    document = computed([beside, alone, speaker], [make_identity(1, beside, alone), make_identity(2, speaker)])
    assert [row.identity_id for row in document.unidentified] == ["identity-00002"]
    (figure,) = document.figures
    assert (figure.identity_id, figure.visible_s, figure.reason) == ("identity-00001", 8.0, PICTURE)
    assert not figure.participant


def test_figures_are_counted_apart_from_people() -> None:
    picture, speaker = track(1, 0, 4, FROZEN), track(2, 0, 3, ALIVE)
    document = computed([picture, speaker], [make_identity(1, picture), make_identity(2, speaker)])
    assert document.coverage.figures_s == 4.0
    assert document.coverage.any_face_s == 3.0
    assert not document.co_appearance_s


def test_whom_an_operator_vouches_for_is_a_person() -> None:
    picture, speaker = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    plain, other = make_identity(1, picture), make_identity(2, speaker)
    assert computed([picture, speaker], [plain, other]).figures
    assert not computed([picture, speaker], [plain.model_copy(update={"locked": True}), other]).figures
    assert not computed([picture, speaker], [plain.model_copy(update={"label": "Gran"}), other]).figures
    assert not computed([picture, speaker], [plain, other], [make_link(1, "ada", by="operator")]).figures


def test_a_revision_says_who_is_apart_and_who_is_back() -> None:
    picture, speaker = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    plain, other = make_identity(1, picture), make_identity(2, speaker)
    apart = computed([picture, speaker], [plain, other])
    locked = [plain.model_copy(update={"locked": True}), other]

    def then(previous: ScreenTimeDocument, identities: Sequence[Identity]) -> str:
        return " ".join(
            compute_screen_time(
                EpisodeRun(ep_id=EP, run_id=RUN, revision=2, duration_s=60.0),
                Seen(tracks=[picture, speaker], shots=[]),
                Named(identities=identities, links=[], cast_names={}),
                rules=IdentityThresholds().screen_time,
                visibility=VisibilityRules(),
                previous=previous,
            ).changes
        )

    assert "identity-00001 is counted among the people again." in then(apart, locked)
    assert "identity-00001 is counted apart now, as a picture." in then(
        computed([picture, speaker], locked), [plain, other]
    )


def drawn(number: int, start_s: float, ratio: float | None, *, samples: int = 6) -> TrackRow:
    return track(number, start_s, start_s + 4, ALIVE).model_copy(update={"drawn": ratio, "samples": samples})


def test_a_drawn_figure_that_moves_is_counted_apart() -> None:
    figure, person = drawn(1, 0, 30.0), drawn(2, 10, -12.0)
    document = computed([figure, person], [make_identity(1, figure), make_identity(2, person)])
    (apart,), (there,) = document.figures, document.unidentified
    assert (apart.identity_id, apart.reason) == ("identity-00001", DRAWN)
    assert apart.probably_not_a_person is not None and apart.probably_not_a_person > 0.99
    assert there.probably_not_a_person is not None and there.probably_not_a_person < 0.01


def test_one_odd_track_does_not_make_a_person_a_figure() -> None:
    tracks = [drawn(1, 0, 8.0), drawn(2, 10, -12.0), drawn(3, 20, -9.0)]
    assert not computed(tracks, [make_identity(1, *tracks)]).figures


def test_what_may_be_either_stays_among_the_people() -> None:
    doubtful = drawn(1, 0, 4.0)
    (row,) = computed([doubtful], [make_identity(1, doubtful)]).unidentified
    assert row.probably_not_a_person is not None and 0.3 < row.probably_not_a_person < 0.9


def test_a_named_figure_is_somebody_and_nothing_is_said_of_those_nobody_measured() -> None:
    figure, unmeasured = drawn(1, 0, 30.0), track(2, 10, 14, None)
    identities = [make_identity(1, figure), make_identity(2, unmeasured)]
    document = computed([figure, unmeasured], identities, [make_link(1, "ada")])
    assert not document.figures
    assert [row.probably_not_a_person for row in document.unidentified] == [None]


def test_a_living_face_with_many_moments_alike_is_no_picture() -> None:
    alike, speaker = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    elsewhere = track(3, 10, 14, None).model_copy(
        update={"change": PictureChange(typical=0.0019, large=0.025, pictures=6)}
    )
    identities = [make_identity(1, alike, elsewhere), make_identity(2, speaker)]
    assert not computed([alike, speaker, elsewhere], identities).figures


def test_photographs_beside_a_clip_are_people_where_the_production_shows_people_by_photographs() -> None:
    photograph, clip = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    alone = [track(number, 10 * number, 10 * number + 3, FROZEN, shot=number) for number in range(3, 7)]
    tracks = [photograph, clip, *alone]
    people = [make_identity(number, row) for number, row in enumerate(tracks, start=1)]
    assert not computed(tracks, people).figures
    among_moving = [photograph, clip, *moving_shots(12), alone[0]]
    identities = [make_identity(number, row) for number, row in enumerate(among_moving, start=1)]
    assert "identity-00001" in [row.identity_id for row in computed(among_moving, identities).figures]


def test_no_episode_is_too_long_for_the_chances_of_frozen_people() -> None:
    photograph, clip = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    beside = {photograph.track_id}
    frozen = [track(number, 10 * number, 10 * number + 3, FROZEN, shot=number) for number in range(3, 900)]
    person = picture_ratio([photograph], [photograph, clip, *frozen], beside, RULES)
    picture = picture_ratio([photograph], [photograph, clip, *moving_shots(3000)], beside, RULES)
    assert person is not None and picture is not None
    assert person < 0.01 and picture > 7


UNMOVED = 0.00015


def moving_shots(count: int, *, first: int = 10) -> list[TrackRow]:
    return [track(first + number, 10 * number, 10 * number + 4, ALIVE, shot=first + number) for number in range(count)]


def test_a_face_that_never_changes_in_an_episode_that_moves_is_a_picture() -> None:
    painting, others = track(1, 100, 103, UNMOVED), moving_shots(12)
    identities = [make_identity(1, painting), *(make_identity(row + 2, one) for row, one in enumerate(others))]
    document = computed([painting, *others], identities)
    assert [(row.identity_id, row.reason) for row in document.figures] == [("identity-00001", STILL)]


def test_in_few_shots_or_among_frozen_ones_a_face_that_never_changes_is_a_person() -> None:
    painting = track(1, 100, 103, UNMOVED)
    alone = lone_still_ratio([painting], [painting, *moving_shots(2)], RULES)
    frozen = track(5, 90, 93, UNMOVED, shot=90)
    among = lone_still_ratio([painting], [painting, *moving_shots(12), frozen], RULES)
    moving = lone_still_ratio([painting], [painting, *moving_shots(12)], RULES)
    assert alone is not None and among is not None and moving is not None
    assert among < alone < moving
    stills = [track(number, 10 * number, 10 * number + 3, UNMOVED, shot=number) for number in range(20)]
    assert not computed(stills, [make_identity(number, one) for number, one in enumerate(stills, start=1)]).figures


def test_a_calm_person_and_one_who_moves_elsewhere_are_no_still_pictures() -> None:
    others = moving_shots(12)
    assert lone_still_ratio([track(1, 100, 103, 0.0035)], others, RULES) is None
    assert lone_still_ratio([track(1, 100, 103, UNMOVED), others[0]], others, RULES) is None
    assert lone_still_ratio([track(1, 100, 100.5, UNMOVED)], others, RULES) is None


def test_a_picture_that_is_known_does_not_make_the_episode_one_of_stills() -> None:
    on_the_wall, speaker = track(1, 0, 4, FROZEN), track(2, 0, 4, ALIVE)
    the_same_alone, painting = track(3, 90, 93, UNMOVED, shot=90), track(4, 100, 103, UNMOVED, shot=91)
    others = moving_shots(12)
    identities = [make_identity(1, on_the_wall, the_same_alone), make_identity(2, speaker), make_identity(3, painting)]
    tracks = [on_the_wall, speaker, the_same_alone, painting, *others]
    document = computed(tracks, identities)
    assert {row.identity_id: row.reason for row in document.figures} == {
        "identity-00001": PICTURE,
        "identity-00003": STILL,
    }


def animal(number: int, start_s: float, score: float | None, *, samples: int = 6) -> TrackRow:
    return track(number, start_s, start_s + 4, None).model_copy(update={"animal": score, "samples": samples})


def test_an_animal_is_counted_apart() -> None:
    dog, person, unseen = animal(1, 0, 0.7), animal(2, 10, 0.0), animal(3, 20, None)
    document = computed(
        [dog, person, unseen], [make_identity(1, dog), make_identity(2, person), make_identity(3, unseen)]
    )
    assert [(row.identity_id, row.reason) for row in document.figures] == [("identity-00001", ANIMAL)]
    assert [row.probably_not_a_person for row in document.unidentified] == [0.0, None]


def test_a_faint_animal_or_one_track_of_several_makes_nobody_an_animal() -> None:
    faint, beside, sure = animal(1, 0, 0.35), animal(2, 10, 0.9), animal(3, 20, None)
    assert not computed([faint], [make_identity(1, faint)]).figures
    assert not computed([beside, sure], [make_identity(1, beside, sure)]).figures
