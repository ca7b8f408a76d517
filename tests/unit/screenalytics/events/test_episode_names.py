"""The name of a file tells the episode, however people and releases write it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import EP_ID_PATTERN
from screenalytics.events.episode_names import name_episode
from screenalytics.events.videos import episode_id


@pytest.mark.parametrize(
    ("path", "ep_id"),
    [
        ("Show.Name.S02E05.720p.WEB.mkv", "show-name-s02e05"),
        ("show.name.2x05.hdtv.mkv", "show-name-s02e05"),
        ("Show Name - 2x05 - Title.avi", "show-name-s02e05"),
        ("Show Name/Season 2/05 - Title.mkv", "show-name-s02e05"),
        ("Show Name/Season 02/Show.Name.S02E05.mkv", "show-name-s02e05"),
        ("Show Name/S02/E05.mkv", "show-name-s02e05"),
        ("Show Name/S02E05.mkv", "show-name-s02e05"),
        ("The Show/Staffel 1/Folge 3.mkv", "the-show-s01e03"),
        ("The Show/Saison 3/Episode 4.avi", "the-show-s03e04"),
        ("SHOW.NAME.S02E05.1080p.WEB-DL.DDP5.1.H.264-GRP.mkv", "show-name-s02e05"),
        ("[Group] Anime Title - 12 [1080p].mkv", "anime-title-s01e12"),
        ("Show Name - Episode 5.mp4", "show-name-s01e05"),
        ("Show.Name.S00E01.Special.mkv", "show-name-s00e01"),
        ("Show.Name.S02E05E06.mkv", "show-name-s02e05"),
        ("Show Name (US) S02E05.mkv", "show-name-us-s02e05"),
        ("Doctor.Who.2005.S01E01.mkv", "doctor-who-2005-s01e01"),
        ("Show's Name S02E05.mkv", "shows-name-s02e05"),
        ("Amélie.S01E02.mkv", "amelie-s01e02"),
        ("The.100.S03E04.mkv", "the-100-s03e04"),
        ("the-office-s01e02.mp4", "the-office-s01e02"),
        ("The.Matrix.1999.1080p.BluRay.x264.mkv", "the-matrix-1999-s01e01"),
        ("holiday.mp4", "holiday-s01e01"),
        ("IMG_0001.MOV", "img-0001-s01e01"),
        ("DSC_0205.MOV", "dsc-0205-s01e01"),
        ("Blade Runner 2049.mkv", "blade-runner-2049-s01e01"),
        ("Apollo 13.mkv", "apollo-13-s01e01"),
        ("Show Name S02E100.mkv", "show-name-s02e100-s01e01"),
        ("20240512_101112.mp4", "20240512-101112-s01e01"),
    ],
)
def test_names_as_they_come_in_the_field(path: str, ep_id: str) -> None:
    assert name_episode(Path("/videos") / path) == ep_id


def test_episodes_of_one_release_are_of_one_show() -> None:
    names = {
        name_episode(Path(f"Show.Name.S02E{number:02}.720p.WEB-{group}.mkv")) for number, group in ((5, "A"), (6, "B"))
    }
    assert names == {"show-name-s02e05", "show-name-s02e06"}


def test_shows_in_other_letters_are_told_apart() -> None:
    names = [name_episode(Path(f"{title} S02E05.mkv")) for title in ("千と千尋", "Дом", "Дом 2", "Шоу 2")]
    assert len(set(names)) == 4
    assert all(name.endswith("-s02e05") for name in names)


@given(st.text(max_size=60).filter(lambda text: "/" not in text and "\0" not in text))
def test_any_name_gives_an_id(stem: str) -> None:
    assert re.match(EP_ID_PATTERN, name_episode(Path("/videos") / f"{stem}.mkv"))


def test_what_is_given_counts_more_than_the_name() -> None:
    assert episode_id("My-Show-S01E02", Path("Show.Name.S02E05.mkv")) == "my-show-s01e02"


def test_names_are_only_looked_into_where_one_is_needed() -> None:
    script = "import sys, screenalytics.cli.app, screenalytics.events.videos; print('guessit' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
