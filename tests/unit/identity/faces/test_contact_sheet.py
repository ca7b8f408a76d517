"""Names of pictures are believed only whole, and contact sheets show every face once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import NotFound
from services.identity.faces.contact_sheet import (
    CAPTION_PX,
    MARGIN_PX,
    SIDE_PX,
    Pixels,
    SheetSize,
    caption,
    draw_sheet,
    sheet_name,
    square,
)
from services.identity.faces.crop_refs import picture_key
from services.identity.routers.downloads import file_answer

EP = "the-office-s01e02"
RUN = "01JCZ5M7Q8XG3V4B2N1K0H9F8D"
ARCHIVE = f"s3://bucket/artifacts/segments/{EP}/{RUN}/00003/crops-0123456789abcdef.zip"
CHIP = f"{ARCHIVE}#chips/track-00003-001/0000012.jpg"
THUMB = f"{ARCHIVE}#thumbs/track-00003-001/0000012.jpg"


@pytest.mark.parametrize(("text", "kind"), [(CHIP, "chips"), (THUMB, "thumbs")])
def test_a_picture_of_the_episode_is_taken_apart(text: str, kind: str) -> None:
    key = picture_key(text, ep_id=EP, bucket="bucket")
    assert (key.text, key.archive, key.digest) == (text, ARCHIVE, "0123456789abcdef")
    assert key.member == f"{kind}/track-00003-001/0000012.jpg"
    assert key.name == f"{kind}-track-00003-001-0000012.jpg"


@pytest.mark.parametrize(
    "text",
    [
        "",
        CHIP.replace(EP, "the-office-s01e03"),
        CHIP.replace("s3://bucket/", "s3://other/"),
        CHIP.replace("s3://", "https://"),
        CHIP.replace("/segments/", "/manifests/"),
        CHIP.replace("#chips/", "#../chips/"),
        CHIP.replace("#chips/track", "#chips/../track"),
        CHIP.replace("/00003/", "/../00003/"),
        CHIP.replace("/00003/", "/00003/../00004/"),
        CHIP.replace("crops-0123456789abcdef.zip", "tracks-0123456789abcdef.jsonl"),
        CHIP.replace("crops-", "crops%2F"),
        CHIP.replace("0000012", "٠٠٠٠٠١٢"),
        CHIP + "\n",
        CHIP + "\x00",
        " " + CHIP,
        CHIP.upper(),
        ARCHIVE,
        f"{ARCHIVE}#",
    ],
)
def test_any_other_name_is_unknown(text: str) -> None:
    with pytest.raises(NotFound) as refused:
        picture_key(text, ep_id=EP, bucket="bucket")
    assert refused.value.code == "unknown_picture"


@given(text=st.text(alphabet=st.characters(exclude_categories=())))
def test_no_text_is_a_picture_by_chance(text: str) -> None:
    with pytest.raises(NotFound):
        picture_key(CHIP + "#" + text, ep_id=EP, bucket="bucket")


def plain_picture(value: int, height: int = 40, width: int = 40) -> Pixels:
    return np.full((height, width, 3), value, dtype=np.uint8)


@given(pictures=st.integers(1, 60), columns=st.integers(1, 12))
def test_a_sheet_has_room_for_all_and_no_empty_row_or_column(pictures: int, columns: int) -> None:
    size = SheetSize.of(pictures, columns=columns)
    assert size.columns <= columns
    assert (size.rows - 1) * size.columns < pictures <= size.rows * size.columns


def test_faces_stand_row_by_row_with_their_times_below() -> None:
    faces = [(plain_picture(100 + 20 * number), float(number)) for number in range(4)]
    sheet = draw_sheet([*faces, (None, 4.0)], columns=3)
    size = SheetSize.of(5, columns=3)
    assert sheet.shape == (size.height_px, size.width_px, 3)
    step = SIDE_PX + MARGIN_PX
    for place in range(5):
        row, column = divmod(place, 3)
        top, left = MARGIN_PX + row * (step + CAPTION_PX), MARGIN_PX + column * step
        tile = sheet[top : top + SIDE_PX, left : left + SIDE_PX]
        assert set(np.unique(tile)) == {100 + 20 * place if place < 4 else 64}
        below = sheet[top + SIDE_PX : top + SIDE_PX + CAPTION_PX, left : left + SIDE_PX]
        assert below.max() > 150


def test_the_middle_of_a_wide_picture_is_shown() -> None:
    picture = plain_picture(0, 50, 150)
    picture[:, 50:100] = 200
    assert square(picture).shape == (SIDE_PX, SIDE_PX, 3)
    assert square(picture).min() == 200


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "0:00:00.0"), (62.549, "0:01:02.5"), (59.97, "0:01:00.0"), (36061.0, "10:01:01.0")]
)
def test_times_are_written_to_the_tenth(seconds: float, text: str) -> None:
    assert caption(seconds) == text


def test_a_sheet_of_other_pictures_or_columns_has_another_name() -> None:
    names = {
        sheet_name(["a", "b"], columns=2),
        sheet_name(["b", "a"], columns=2),
        sheet_name(["ab"], columns=2),
        sheet_name(["a", "b"], columns=3),
    }
    assert len(names) == 4
    assert sheet_name(["a", "b"], columns=2) in names


@pytest.mark.parametrize("name", ["", "../a", "a/b", 'a"; b', "a\r\nSet-Cookie: x", ".hidden", "a\x00", "é"])
def test_a_download_takes_safe_names_only(name: str) -> None:
    with pytest.raises(ValueError, match="not a safe file name"):
        file_answer("x", name=name, media_type="text/plain")
    assert file_answer("x", name="a-r1.edl", media_type="text/plain").headers["content-disposition"] == (
        'attachment; filename="a-r1.edl"'
    )
