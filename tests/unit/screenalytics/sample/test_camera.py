"""The virtual camera shows what its framing says."""

import numpy as np
import pytest

from screenalytics.sample.camera import Framing, Picture, eased, lit, shrunk_for, view


@pytest.fixture
def ramp() -> Picture:
    """160x90; blue is the column, green the row."""
    picture = np.zeros((90, 160, 3), np.uint8)
    picture[:, :, 0] = np.arange(160)[None, :]
    picture[:, :, 1] = np.arange(90)[:, None]
    return picture


def test_the_whole_picture_at_its_own_size_is_unchanged(ramp: Picture) -> None:
    assert np.array_equal(view(ramp, Framing(0.5, 0.5), (160, 90)), ramp)


def test_a_closer_framing_shows_the_part_around_its_middle(ramp: Picture) -> None:
    seen = view(ramp, Framing(0.5, 0.5, 0.5), (160, 90))
    assert seen.shape == (90, 160, 3)
    assert abs(int(seen[45, 0, 0]) - 40) <= 1
    assert abs(int(seen[45, -1, 0]) - 119) <= 1
    assert abs(int(seen[0, 80, 1]) - 22) <= 1


def test_a_framing_over_the_edge_is_pushed_back_inside(ramp: Picture) -> None:
    at_the_edge = view(ramp, Framing(0.25, 0.25, 0.5), (80, 45))
    assert np.array_equal(view(ramp, Framing(-1.0, 0.0, 0.5), (80, 45)), at_the_edge)


def test_a_view_taller_than_the_picture_is_refused(ramp: Picture) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        view(ramp, Framing(0.5, 0.5, 1.0), (90, 160))


def test_a_large_picture_is_shrunk_only_as_far_as_the_closest_framing_allows(ramp: Picture) -> None:
    assert shrunk_for(ramp, [Framing(0.5, 0.5, 1.0), Framing(0.5, 0.5, 0.5)], 40).shape == (45, 80, 3)
    assert shrunk_for(ramp, [Framing(0.5, 0.5, 0.5)], 160) is ramp


def test_light_scales_and_clips(ramp: Picture) -> None:
    assert lit(ramp, 2.0)[0, 100, 0] == 200
    assert lit(ramp, 2.0)[0, 150, 0] == 255
    assert lit(ramp, 0.5)[0, 100, 0] == 50


def test_camera_moves_start_and_stop_gently() -> None:
    assert [eased(share) for share in (-1.0, 0.0, 0.5, 1.0, 2.0)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert eased(0.1) < 0.1 < 0.9 < eased(0.9)


def test_sway_stays_small() -> None:
    framing = Framing(0.5, 0.5, 0.8)
    for tenth in range(60):
        swayed = framing.swayed(tenth / 10)
        assert abs(swayed.x - 0.5) < 0.003
        assert abs(swayed.y - 0.5) < 0.003
        assert swayed.width == framing.width
