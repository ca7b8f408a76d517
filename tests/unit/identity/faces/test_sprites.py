"""Sheets of faces: where each is, and under which name."""

from __future__ import annotations

import numpy as np
import pytest

from chassis.errors import NotFound
from services.identity.faces.crop_refs import picture_key, picture_of_token, picture_token
from services.identity.faces.sprites import draw_sprite, layout_of

RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8D"
NAME = f"s3://b/artifacts/segments/my-show-s01e02/{RUN}/00003/crops-{'ab' * 8}.zip#thumbs/track-00003-001/0000020.jpg"


def test_cells_lie_row_by_row_in_the_order_asked_for() -> None:
    pictures = [np.full((40, 60, 3), shade, dtype=np.uint8) for shade in (10, 100, 200)]
    sprite = layout_of(["a", "b", "c"], cell_px=32)
    sheet = draw_sprite(pictures, sprite)
    assert (sprite.columns, sprite.rows, sheet.shape) == (2, 2, (64, 64, 3))
    assert [int(sheet[row, column, 0]) for row, column in ((5, 5), (5, 40), (40, 5))] == [10, 100, 200]


def test_another_order_or_size_is_another_sheet() -> None:
    names = {
        layout_of(pictures, cell_px=cell_px).sprite for pictures in (["a", "b"], ["b", "a"]) for cell_px in (32, 96)
    }
    assert len(names) == 4
    with pytest.raises(ValueError, match="a picture"):
        layout_of([], cell_px=32)


def test_a_token_is_its_picture_within_the_episode_only() -> None:
    token = picture_token(NAME)
    assert token == f"{RUN}-00003-{'ab' * 8}-thumbs-track-00003-001-0000020"
    assert picture_of_token(token, ep_id="my-show-s01e02", bucket="b") == picture_key(
        NAME, ep_id="my-show-s01e02", bucket="b"
    )
    for wrong in (f"../{token}", token.replace("thumbs", "other"), "", f"{token}/x"):
        with pytest.raises(NotFound):
            picture_of_token(wrong, ep_id="my-show-s01e02", bucket="b")
    assert picture_token("nonsense") is picture_token(None) is None
