"""A cast as people keep it on disk: nobody in it vanishes without a word."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from chassis.errors import BadInput
from contracts.events import PictureVerdict
from screenalytics.events import cast_folder
from screenalytics.events.cast_folder import CastFolder, read_cast_folder, read_pictures
from screenalytics.terminal.cast_notes import tell_passed_over, tell_refused, tell_without_pictures
from tests.support.samples import MEDIA

FIELD = MEDIA / "field" / "casts"
needs_field = pytest.mark.skipif(not FIELD.is_dir(), reason="the casts as they come in the field are not there")


def put(path: Path, kind: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path, kind)
    return path


def pictures(cast: CastFolder) -> dict[str, list[str]]:
    return {member.name: [member.shown(picture) for picture in member.pictures] for member in cast.members}


def passed_over(cast: CastFolder) -> dict[str, str]:
    return {one.path: one.why for one in cast.passed_over}


def refusal(folder: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_cast_folder(folder)
    assert caught.value.message.endswith(".")
    return caught.value


def test_pictures_of_every_kind_at_any_depth_are_somebodys(tmp_path: Path) -> None:
    for name in ("Ada/1.jpg", "Ada/2023/a.HEIC", "Ada/2023/set/b.tif", "Boris/1.jfif", "Boris/2.avif", "Boris/3.webp"):
        put(tmp_path / name)
    assert pictures(read_cast_folder(tmp_path)) == {
        "Ada": ["Ada/1.jpg", "Ada/2023/a.HEIC", "Ada/2023/set/b.tif"],
        "Boris": ["Boris/1.jfif", "Boris/2.avif", "Boris/3.webp"],
    }


def test_loose_pictures_are_those_of_whom_they_are_named_after(tmp_path: Path) -> None:
    for name in ("Ada Lovelace.jpg", "Ada Lovelace 2.jpg", "ada-lovelace (3).png", "boris.jpg", "boris_01.jpg"):
        put(tmp_path / name)
    put(tmp_path / "Boris" / "0.jpg")
    put(tmp_path / "Agent 47" / "0.jpg")
    put(tmp_path / "Agent 47.jpg")
    assert pictures(read_cast_folder(tmp_path)) == {
        "Ada Lovelace": ["Ada Lovelace 2.jpg", "Ada Lovelace.jpg", "ada-lovelace (3).png"],
        "Agent 47": ["Agent 47/0.jpg", "Agent 47.jpg"],
        "Boris": ["Boris/0.jpg", "boris.jpg", "boris_01.jpg"],
    }


@pytest.mark.parametrize(
    "name", ["IMG_0001.HEIC", "DSC01234.jpg", "1.jpg", "2024-05-12.png", "Screenshot 2024-05-12.png", "image (3).jpg"]
)
def test_a_loose_picture_that_a_camera_named_is_nobodys(tmp_path: Path, name: str) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    put(tmp_path / name)
    cast = read_cast_folder(tmp_path)
    assert [member.name for member in cast.members] == ["Ada"]
    assert passed_over(cast) == {name: cast_folder.OF_NOBODY}


def test_what_systems_leave_behind_and_what_is_no_picture_is_passed_over_and_said(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    for name in ("._1.jpg", ".DS_Store", "Thumbs.db", "notes.txt", "more.zip"):
        (tmp_path / "Ada" / name).write_bytes(b"\0" * 10)
    put(tmp_path / "__MACOSX" / "Ada" / "2.jpg")
    put(tmp_path / ".hidden" / "3.jpg")
    cast = read_cast_folder(tmp_path)
    assert pictures(cast) == {"Ada": ["Ada/1.jpg"]}
    assert passed_over(cast) == {
        ".hidden": cast_folder.LEFT_BEHIND,
        "__MACOSX": cast_folder.LEFT_BEHIND,
        "Ada/._1.jpg": cast_folder.LEFT_BEHIND,
        "Ada/.DS_Store": cast_folder.LEFT_BEHIND,
        "Ada/Thumbs.db": cast_folder.LEFT_BEHIND,
        "Ada/notes.txt": cast_folder.NO_PICTURE,
        "Ada/more.zip": cast_folder.ARCHIVE,
    }
    said = "\n".join(tell_passed_over(cast.passed_over))
    assert all(name.rsplit("/")[-1] in said for name in passed_over(cast))


def test_a_picture_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "portrait")
    (tmp_path / "Ada" / "broken.jpg").write_bytes(b"x")
    assert pictures(read_cast_folder(tmp_path)) == {"Ada": ["Ada/broken.jpg", "Ada/portrait"]}


def test_a_member_without_a_picture_stays_a_member_and_is_named(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    (tmp_path / "Jack").mkdir()
    cast = read_cast_folder(tmp_path)
    assert pictures(cast) == {"Ada": ["Ada/1.jpg"], "Jack": []}
    assert cast.without_pictures == ("Jack",)
    good = PictureVerdict(cast_id="ada", filename="Ada/1.jpg", accepted=True, code="ok", message="The picture is used.")
    assert tell_without_pictures(cast, [good]) == ["no usable picture of Jack: nobody is recognised by that name"]


def test_all_bad_pictures_are_told_at_once_with_their_reasons() -> None:
    verdicts = [
        PictureVerdict(cast_id="ada", filename=f"Ada/{number}.jpg", accepted=number > 2, code="c", message="It is bad.")
        for number in range(1, 4)
    ]
    assert tell_refused(verdicts) == [
        "not used of the cast's pictures: 2 of 3",
        "- Ada/1.jpg: It is bad. [c]",
        "- Ada/2.jpg: It is bad. [c]",
    ]
    assert tell_refused(verdicts[2:]) == []


def test_long_lists_of_what_is_passed_over_are_counted(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    for number in range(50):
        (tmp_path / "Ada" / f"{number}.txt").touch()
    lines = tell_passed_over(read_cast_folder(tmp_path).passed_over)
    assert lines[0] == "passed over in the cast folder: 50 files"
    assert lines[1].endswith("and 42 more: no picture")


def test_what_is_no_cast_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent").code == "cast_folder_missing"
    (tmp_path / "cast.zip").write_bytes(b"PK")
    assert "unpack it" in refusal(tmp_path / "cast.zip").message
    (tmp_path / "empty" / "Ada").mkdir(parents=True)
    (tmp_path / "empty" / "Ada" / "cast.zip").write_bytes(b"PK")
    assert refusal(tmp_path / "empty").code == "cast_folder_empty"
    assert "Ada/cast.zip" in refusal(tmp_path / "empty").message


def test_two_folders_that_give_one_id_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "Ada L" / "1.jpg")
    put(tmp_path / "ada-l" / "1.jpg")
    assert refusal(tmp_path).code == "cast_names_collide"


def test_a_folder_of_everything_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cast_folder, "MOST_ENTRIES", 5)
    for number in range(6):
        put(tmp_path / "Ada" / f"{number}.jpg")
    assert refusal(tmp_path).code == "cast_folder_too_large"


def test_of_very_many_pictures_of_one_member_some_are_taken_and_the_others_named(tmp_path: Path) -> None:
    first = put(tmp_path / "Ada" / "000.jpg")
    for number in range(1, 250):
        os.link(first, tmp_path / "Ada" / f"{number:03}.jpg")
    cast = read_cast_folder(tmp_path)
    assert 50 <= len(cast.members[0].pictures) <= cast_folder.MOST_PICTURES_OF_ONE
    assert len(cast.members[0].pictures) + len(cast.passed_over) == 250


def test_links_never_lead_round_in_circles(tmp_path: Path) -> None:
    put(tmp_path / "Ada" / "1.jpg")
    (tmp_path / "Ada" / "again").symlink_to(tmp_path)
    assert pictures(read_cast_folder(tmp_path)) == {"Ada": ["Ada/1.jpg"]}


def test_names_are_texts_whatever_bytes_they_are(tmp_path: Path) -> None:
    put(tmp_path / "Ame\u0301lie" / "1.jpg")
    (tmp_path / os.fsdecode(b"J\xfcrgen\n")).mkdir()
    put(tmp_path / "x.jpg").rename(tmp_path / os.fsdecode(b"J\xfcrgen\n/\xff.jpg"))
    cast = read_cast_folder(tmp_path)
    assert pictures(cast) == {"Am\u00e9lie": ["Am\u00e9lie/1.jpg"], "J?rgen": ["J?rgen/?.jpg"]}


def test_the_pictures_of_one_member(tmp_path: Path) -> None:
    put(tmp_path / "one" / "a" / "1.jpg")
    (tmp_path / "one" / "notes.txt").touch()
    found, others = read_pictures(tmp_path / "one")
    assert [path.name for path in found] == ["1.jpg"]
    assert [one.path for one in others] == ["notes.txt"]
    (tmp_path / "two").mkdir()
    with pytest.raises(BadInput, match="holds no pictures"):
        read_pictures(tmp_path / "two")


NAMES = st.lists(
    st.sampled_from(["a", "b 2", "IMG_1", "._a", ".x", "Thumbs.db", "c/d", "c/e/f", "g.txt", "h (1)"]), unique=True
)


@settings(max_examples=30, deadline=None)
@given(names=NAMES)
def test_every_file_is_somebodys_or_passed_over(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cast")
    put(folder / "always" / "1.jpg")
    for name in names:
        path = folder / (name if "." in name else f"{name}.jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    cast = read_cast_folder(folder)
    taken = [picture for member in cast.members for picture in member.pictures]
    assert len(taken) + len(cast.passed_over) == len(names) + 1


@needs_field
@pytest.mark.parametrize(
    ("folder", "members", "left"),
    [
        ("cast-unsupported-kinds", {"ada": 1, "boris": 1, "chloe": 1, "david": 1, "jack": 1}, set()),
        ("cast-nested-and-loose", {"ada": 1, "boris": 1, "chloe": 1}, {"jack"}),
        (
            "cast-appledouble",
            {"ada": 2, "boris": 2, "chloe": 2, "david": 2, "emil": 2, "fiona": 2, "jack": 2},
            {"ada/._1.jpg"},
        ),
        ("cast-of-two", {"ada": 1, "david": 1}, set()),
    ],
)
def test_casts_as_they_come_in_the_field(folder: str, members: dict[str, int], left: set[str]) -> None:
    cast = read_cast_folder(FIELD / folder)
    assert {member.name: len(member.pictures) for member in cast.members} == members
    assert set(passed_over(cast)) == left
