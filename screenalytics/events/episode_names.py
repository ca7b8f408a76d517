"""Which episode a video is, by what its file is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.ids import EP_ID_PATTERN, slugify

MOST = 99
"""Seasons and episodes have two digits in an id."""

_SEASON = r"(?:season|series|staffel|saison|temporada|stagione|seizoen|sezon)"
_SEASON_FOLDER = re.compile(rf"(?:{_SEASON}[\W_]*|s)\d{{1,2}}|\d{{1,2}}\.?[\W_]*{_SEASON}|specials", re.IGNORECASE)
_MARKED_SEASON = re.compile(rf"s\d{{1,2}}[\W_]*e|\d{{1,2}}x\d|{_SEASON}[\W_]*\d|\d\.?[\W_]*{_SEASON}", re.IGNORECASE)
_MARKED_EPISODE = re.compile(
    r"(?:\be|ep|episode|épisode|episodio|folge|aflevering|odcinek)[\W_]*\d|\s-\s\d", re.IGNORECASE
)
_SEASON_ZERO = re.compile(rf"s0+[\W_]*e|\b0+x\d|{_SEASON}[\W_]*0|specials", re.IGNORECASE)
_APOSTROPHES = re.compile("['’`]")
_OF_RELEASES = frozenset({"screen_size", "source", "video_codec", "audio_codec", "release_group"})


def name_episode(video: Path) -> str:
    """The id of the episode that a file's name tells, as releases, recorders and collections write it.

    `Show.Name.S02E05.720p.mkv`, `Show Name 2x05.avi` and `Show Name/Season 2/05 - Title.mkv` are `show-name-s02e05`. A
    name that tells no episode is taken for that of a show, and the video for its first one.
    """
    if re.match(EP_ID_PATTERN, video.stem.lower()):
        return video.stem.lower()
    told = _told(video.name)
    return _episode(video, told) or f"{_film(told) or slugify(video.stem)}-s01e01"


def _episode(video: Path, told: Mapping[str, Any]) -> str | None:
    """As the name says or, where the video lies in the folder of a season or is called by numbers only, its folders."""
    *_, show, folder = ("", "", *video.absolute().parent.parts)
    text = video.name
    if _SEASON_FOLDER.fullmatch(folder) and not ("title" in told and "season" in told):
        text = f"{show}/{folder}/{video.name}"
    elif "title" not in told and "season" in told:
        text = f"{folder}/{video.name}"
    if text != video.name:
        told = _told(text)
    season, episode, title = _first(told.get("season")), _first(told.get("episode")), told.get("title")
    if title is None or episode is None or not _is_certain(text, told, season):
        return None
    season = 1 if season is None else season
    if season > MOST or episode > MOST:
        return None
    return f"{_slug(told)}-s{season:02d}e{episode:02d}"


def _is_certain(text: str, told: Mapping[str, Any], season: int | None) -> bool:
    """Whether the numbers are those of an episode: many a film and every camera's file has a number too."""
    if season is None:
        return _MARKED_EPISODE.search(text) is not None
    if season == 0:
        return _SEASON_ZERO.search(text) is not None
    return _MARKED_SEASON.search(text) is not None or ("year" not in told and not _OF_RELEASES.isdisjoint(told))


def _film(told: Mapping[str, Any]) -> str | None:
    """A film's title and year, without what a release adds."""
    return _slug(told) if told.get("type") == "movie" and {"title", "year"} <= set(told) else None


def _slug(told: Mapping[str, Any]) -> str:
    """The title, and what tells it from others of that title."""
    country = _first(told.get("country"))
    parts = [str(_first(told["title"])), getattr(country, "alpha2", ""), str(_first(told.get("year")) or "")]
    return slugify(_APOSTROPHES.sub("", " ".join(part for part in parts if part)))


def _told(text: str) -> Mapping[str, Any]:
    """What the parts of a name mean; nothing where they make no sense."""
    from guessit.api import GuessitException, guessit  # slow to import, and only the command line needs it

    try:
        return dict(guessit(text, {"no_user_config": True}))
    except GuessitException:
        return {}


def _first(value: Any) -> Any:
    """Of several seasons, episodes or titles in one file the first."""
    return value[0] if isinstance(value, list) and value else value
