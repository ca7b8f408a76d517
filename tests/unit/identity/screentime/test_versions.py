"""Two versions of a film: what both have is found by its pictures, and everybody's seconds are accounted for."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from contracts.rows import Interval, ScreenTimeDocument, ShotRow
from screenalytics.commands.operator.versions import told
from services.identity.report.versions import render_versions
from services.identity.screentime.alignment import Alignment, Pictures, Shared, align, pictures_of
from services.identity.screentime.versions import VersionComparison, compare_versions
from tests.support.exported_episode import cast_row, exported_episode
from tests.support.recut import recut, shots_of
from tests.support.samples import MEDIA

PAGE = Path(__file__).parents[4] / "docs" / "compare.md"
SAMPLES = [MEDIA / f"sample-episode-{number}.mp4" for number in (1, 2)]
needs_samples = pytest.mark.skipif(
    not all(path.exists() for path in SAMPLES), reason="the sample episodes are not there"
)

Looks = np.ndarray[tuple[int, int], np.dtype[np.uint64]]


def film(seconds: float, *, seed: int = 0, shot_s: float = 3.0) -> Looks:
    """Looks of shots that last so long; within one of them little changes."""
    rng = np.random.default_rng(seed)
    each = round(shot_s * 4)
    shots = rng.integers(0, 2**63, size=(round(seconds * 4) // each + 1, 2), dtype=np.uint64)
    return noisy(np.repeat(shots, each, axis=0)[: round(seconds * 4)], share=0.04, seed=seed)


def noisy(looks: Looks, *, share: float = 0.02, seed: int = 1) -> Looks:
    """Some bits of every look are others, as after another codec."""
    flips = np.random.default_rng(seed).random((len(looks), 2, 64)) < share
    return looks ^ (flips * (np.uint64(1) << np.arange(64, dtype=np.uint64))).sum(axis=2).astype(np.uint64)


def pictures(looks: Looks, *cuts: float) -> Pictures:
    return Pictures(looks=looks, cuts=cuts, duration_s=len(looks) / 4)


def spans(found: Sequence[Shared]) -> list[tuple[Interval, Interval]]:
    return [(one.first_s, one.second_s) for one in found]


def test_the_same_film_in_another_codec_is_the_same() -> None:
    whole = film(60)
    found = align(pictures(whole), pictures(noisy(whole)))
    assert found == Alignment(shared=(Shared(first_s=(0, 60), second_s=(0, 60)),), only_first=(), only_second=())


def test_a_stretch_taken_out_and_one_put_in_are_found_where_they_are() -> None:
    whole = film(120)
    other = np.concatenate([whole[:120], whole[160:320], film(10, seed=9), whole[320:]])
    found = align(pictures(whole), pictures(noisy(other)))
    assert found.only_first == ((30.0, 40.0),)
    assert found.only_second == ((70.0, 80.0),)
    assert spans(found.shared) == [((0, 30), (0, 30)), ((40, 80), (30, 70)), ((80, 120), (80, 120))]


def test_what_comes_before_and_after_belongs_to_one_alone() -> None:
    whole = film(40)
    other = np.concatenate([film(5, seed=4), whole, film(7, seed=5)])
    found = align(pictures(whole), pictures(other))
    assert (found.only_first, found.only_second) == ((), ((0.0, 5.0), (45.0, 52.0)))


def test_order_is_kept_so_a_moved_scene_is_lost_here_and_won_there() -> None:
    whole = film(60)
    moved = np.concatenate([whole[160:200], whole[:160], whole[200:]])
    found = align(pictures(whole), pictures(moved))
    assert (found.only_first, found.only_second) == (((40.0, 50.0),), ((0.0, 10.0),))


def test_two_films_have_nothing_in_common_and_black_is_nothing() -> None:
    one, other = film(30), film(20, seed=2)
    one[40:80], other[20:60] = 0, 0
    found = align(pictures(one), pictures(other))
    assert (found.shared, found.only_first, found.only_second) == ((), ((0.0, 30.0),), ((0.0, 20.0),))
    assert align(pictures(one[:0]), pictures(other)).shared == ()


def test_cuts_make_the_distance_exact_to_the_frame() -> None:
    whole = film(30)
    other = np.concatenate([film(4, seed=3), whole])
    found = align(pictures(whole, 3.0, 6.04, 9.0), pictures(other, 7.08, 10.12, 13.08))
    assert spans(found.shared) == [((0.0, 29.92), (4.08, 34.0))]


def test_shots_without_looks_say_nothing() -> None:
    shot = ShotRow(shot_id="shot-00000-000", segment=0, start_s=0, end_s=2, starts_with="start", ends_with="end")
    assert pictures_of([shot], duration_s=2.0) is None
    assert pictures_of([], duration_s=2.0) is None


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pictures, Pictures]:
    """A real film of 30 s and its re-cut at half the size: 8 s are gone, 6 s of another film are in it."""
    folder = tmp_path_factory.mktemp("versions")
    film_path, other = SAMPLES
    made = (
        recut([(film_path, (0.0, 30.0))], folder / "first.mp4", width=384),
        recut(
            [(film_path, (0.0, 10.1)), (film_path, (18.1, 26.0)), (other, (5.0, 11.0)), (film_path, (26.0, 30.0))],
            folder / "second.mp4",
            width=192,
        ),
    )
    found = []
    for video in made:
        shots, duration_s = shots_of(video)
        looking = pictures_of(shots, duration_s=duration_s)
        assert looking is not None
        found.append(looking)
    return found[0], found[1]


@needs_samples
def test_a_real_film_and_its_re_cut_at_half_the_size(versions: tuple[Pictures, Pictures]) -> None:
    first, second = versions
    found = align(first, second)
    near = 0.3
    assert [one for span in found.only_first for one in span] == pytest.approx([10.1, 18.1], abs=near)
    assert [one for span in found.only_second for one in span] == pytest.approx([18.0, 24.0], abs=near)
    shifts = [one.second_s[0] - one.first_s[0] for one in found.shared]
    assert shifts == pytest.approx([0.0, -8.0, -2.0], abs=0.05)
    same = np.bitwise_count(first.looks[:40] ^ second.looks[:40]).sum(axis=1)
    assert int(same.max()) <= 10


def compared() -> VersionComparison:
    """The episode of the pages and its re-cut: four seconds with José are gone, two with Ada are new, Zoë was named."""
    first = exported_episode()
    second = first.model_copy(
        update={
            "episode_id": "harbour-lights-s02e95",
            "duration_s": 98.0,
            "cast": (cast_row("ada", "Ada Marsh", (2.0, 4.0), (53.0, 57.0)), cast_row("zoe", "Zoë Lind", (24.0, 25.0))),
            "unidentified": (),
        }
    )
    alignment = Alignment(
        shared=(
            Shared(first_s=(0.0, 4.0), second_s=(0.0, 4.0)),
            Shared(first_s=(10.0, 61.0), second_s=(4.0, 55.0)),
            Shared(first_s=(61.0, 100.0), second_s=(59.0, 98.0)),
        ),
        only_first=((4.0, 10.0),),
        only_second=((55.0, 59.0),),
    )
    return compare_versions(first, second, alignment)


def test_everybodys_change_is_lost_won_or_otherwise() -> None:
    people = {one.id: one for one in compared().people}
    assert (people["jose"].lost, people["jose"].lost_s, people["jose"].otherwise_s) == (((4.0, 8.0),), 4.0, 0.0)
    assert (people["ada"].lost_s, people["ada"].won_s, people["ada"].won) == (2.48, 2.0, ((55.0, 57.0),))
    assert (people["zoe"].won_s, people["zoe"].otherwise_s) == (0.0, 1.0)
    assert people["unidentified"].otherwise_s == -1.0
    for one in people.values():
        assert one.change_s == pytest.approx(one.won_s - one.lost_s + one.otherwise_s, abs=0.001)


def test_the_example_of_the_page_is_what_is_printed() -> None:
    example = re.search(r"```text\n(.*?)\n```", PAGE.read_text("utf-8"), re.DOTALL)
    assert example is not None and told(compared()) == example[1]


def test_the_page_names_everybody_and_loads_nothing() -> None:
    html = render_versions(compared())
    assert all(name in html for name in ("Ada Marsh", "José Reyes", "Zoë Lind", "0:00:04.000"))
    assert "http" not in html.replace("http-equiv", "")


def test_nobody_is_invented_where_nobody_is_seen() -> None:
    empty: ScreenTimeDocument = exported_episode().model_copy(update={"cast": (), "unidentified": ()})
    found = compare_versions(empty, empty, Alignment(shared=(), only_first=(), only_second=()))
    assert found.people == ()
    assert "person" not in told(found)


@pytest.mark.parametrize("seed", range(12))
def test_however_it_was_cut_every_second_of_both_is_told_once_and_in_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = film(60, seed=seed, shot_s=2.0)
    borders = sorted(int(border) for border in rng.integers(0, 240, 4))
    parts = [whole[: borders[0]], film(4, seed=99), whole[borders[1] : borders[2]], whole[borders[3] :]]
    first, second = pictures(whole), pictures(noisy(np.concatenate(parts)))
    found = align(first, second)
    for own, others, duration_s in (
        ([one.first_s for one in found.shared], found.only_first, first.duration_s),
        ([one.second_s for one in found.shared], found.only_second, second.duration_s),
    ):
        told_once = sorted([*own, *others])
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(told_once))
        assert sum(end - start for start, end in told_once) == pytest.approx(duration_s, abs=0.5)
    kept = sum(len(part) for part in (parts[0], parts[2], parts[3])) / 4
    assert sum(end - start for start, end in (one.first_s for one in found.shared)) >= kept - 3 * 2.0
