"""Boxes and identities, read by the rules of the formats: COCO's index, MOTChallenge's files as evaluators take them."""

from __future__ import annotations

import configparser
import csv
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from contracts.rows import UnidentifiedScreenTime
from services.identity.exports.coco import to_coco
from services.identity.exports.face_boxes import BoxedEpisode, boxed_episode
from services.identity.exports.mot import to_mot
from services.identity.exports.timecode import RATES
from tests.support.exported_episode import EP, detection, exported_boxes, exported_episode, identities_of
from tests.unit.identity.builders import make_track


@pytest.fixture
def episode() -> BoxedEpisode:
    return exported_boxes(exported_episode())


def coco_index(text: str) -> tuple[dict[int, Any], dict[int, Any], Mapping[int, list[Any]]]:
    """Images and categories by id and annotations by image; every reference leads somewhere and every id is given once."""
    data = json.loads(text)
    images = {one["id"]: one for one in data["images"]}
    categories = {one["id"]: one for one in data["categories"]}
    assert (len(images), len(categories)) == (len(data["images"]), len(data["categories"]))
    assert len({one["id"] for one in data["annotations"]}) == len(data["annotations"])
    by_image: dict[int, list[Any]] = defaultdict(list)
    for one in data["annotations"]:
        image, category = images[one["image_id"]], categories[one["category_id"]]
        x, y, width, height = one["bbox"]
        assert x >= 0 and y >= 0 and x + width <= image["width"] + 0.01 and y + height <= image["height"] + 0.01
        assert one["area"] == pytest.approx(width * height, abs=0.01) and one["iscrowd"] in {0, 1}
        assert len(one["keypoints"]) == 3 * len(category["keypoints"]) and one["num_keypoints"] == 5
        by_image[image["id"]].append(one)
    return images, categories, by_image


def mot_frames(text: str, *, columns: int) -> dict[int, dict[int, tuple[float, ...]]]:
    """Frame -> id -> left, top, width, height; an id is positive and stands once in a frame, as evaluators demand."""
    table = np.loadtxt(io.StringIO(text), delimiter=",", ndmin=2)
    assert table.shape[1] == columns
    frames: dict[int, dict[int, tuple[float, ...]]] = defaultdict(dict)
    for row in table:
        frame, number = int(row[0]), int(row[1])
        assert frame >= 1 and number >= 1 and number not in frames[frame]
        frames[frame][number] = tuple(float(value) for value in row[2:6])
    return frames


def unpacked(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name.removeprefix(f"{EP}/"): archive.read(name).decode() for name in archive.namelist()}


def test_coco_and_mot_say_the_same_of_everybody(episode: BoxedEpisode) -> None:
    images, categories, by_image = coco_index(to_coco(episode))
    assert {one["name"]: one["supercategory"] for one in categories.values()} == {
        "Ada Marsh": "cast",
        "José Reyes": "cast",
        "identity-00003": "unidentified",
    }
    assert [one["file_name"] for one in images.values()] == ["000051.jpg", "000101.jpg", "000116.jpg"]
    files = unpacked(to_mot(episode))
    frames = mot_frames(files["gt/gt.txt"], columns=9)
    assert frames.keys() == by_image.keys()
    for frame, people in frames.items():
        annotated = {one["category_id"]: tuple(one["bbox"]) for one in by_image[frame]}
        assert annotated.keys() == people.keys()
        assert all(annotated[one][:2] == box[:2] for one, box in people.items())
    people = list(csv.DictReader(io.StringIO(files["people.csv"])))
    assert {int(one["id"]): one["name"] for one in people} == {key: one["name"] for key, one in categories.items()}
    about = configparser.ConfigParser()
    about.read_string(files["seqinfo.ini"])
    assert about.getint("Sequence", "seqLength") == 2500
    assert (about.getint("Sequence", "imWidth"), about.getint("Sequence", "imHeight")) == (1280, 720)


def test_a_cut_track_belongs_to_two_and_a_box_ends_at_the_border_in_coco_alone(episode: BoxedEpisode) -> None:
    _, _, by_image = coco_index(to_coco(episode))
    assert [(one["category_id"], one["track_id"]) for one in by_image[101]] == [
        (1, "track-00000-001"),
        (2, "track-00000-002000"),
    ]
    last = by_image[116][1]
    assert (last["category_id"], last["bbox"]) == (3, [1216.0, 180.0, 64.0, 144.0])
    assert mot_frames(unpacked(to_mot(episode))["gt/gt.txt"], columns=9)[116][3] == (1216.0, 180.0, 128.0, 144.0)


def test_every_face_that_was_found_is_among_the_detections(episode: BoxedEpisode) -> None:
    rows = [line.split(",") for line in unpacked(to_mot(episode))["det/det.txt"].splitlines()]
    assert {len(row) for row in rows} == {10} and {row[1] for row in rows} == {"-1"}
    assert [(int(row[0]), float(row[6])) for row in rows].count((51, 0.4)) == 1
    assert len(rows) == 6


def test_only_those_asked_for_are_written(episode: BoxedEpisode) -> None:
    jose = exported_boxes(exported_episode(), frozenset({"jose"}))
    _, categories, by_image = coco_index(to_coco(jose))
    assert list(categories) == [2]
    assert {one["category_id"] for found in by_image.values() for one in found} == {2}
    assert len(unpacked(to_mot(jose))["det/det.txt"].splitlines()) == 1


def test_nobody_is_twice_in_a_frame_for_a_tracker_and_twice_in_coco(episode: BoxedEpisode) -> None:
    document = exported_episode()
    again = detection("track-00000-001", 2.0, 0.6).model_copy(update={"conf": 0.95})
    doubled = boxed_episode(
        document,
        [detection("track-00000-001", 2.0, 0.2), again],
        [make_track(1, 2.0, 6.48)],
        identities_of([make_track(1, 2.0, 6.48)]),
        rate=RATES["29.97"],
        length=100,
        size=(1000, 1000),
    )
    assert len(coco_index(to_coco(doubled))[2][61]) == 2
    assert mot_frames(unpacked(to_mot(doubled))["gt/gt.txt"], columns=9) == {61: {1: (600.0, 250.0, 100.0, 200.0)}}


def test_an_episode_without_anybody_is_an_empty_set() -> None:
    document = exported_episode().model_copy(update={"cast": (), "unidentified": ()})
    empty = boxed_episode(
        document, [], [], identities_of([make_track(1, 2.0, 6.48)]), rate=RATES["25"], length=100, size=(1280, 720)
    )
    assert coco_index(to_coco(empty)) == ({}, {}, {})
    assert unpacked(to_mot(empty))["gt/gt.txt"] == ""


def test_the_same_revision_gives_the_same_bytes(episode: BoxedEpisode) -> None:
    assert to_mot(episode) == to_mot(exported_boxes(exported_episode()))


def test_pictures_of_people_are_told_apart(episode: BoxedEpisode) -> None:
    document = exported_episode()
    poster = UnidentifiedScreenTime(
        identity_id="identity-00003", visible_s=1.0, intervals_s=((4.5, 5.5),), tracks=1, reason="a poster"
    )
    shown = exported_boxes(document.model_copy(update={"unidentified": (), "figures": (poster,)}))
    assert [one["supercategory"] for one in coco_index(to_coco(shown))[1].values()] == ["cast", "cast", "figure"]
