"""The show of the page on the catalogue: two seasons, four episodes, made of the one on exports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from contracts.rows import CoAppearance, ScreenTimeDocument
from screenalytics.catalogue.files import Catalogue, Season
from screenalytics.catalogue.places import Folder
from screenalytics.catalogue.rows import Rows, rows_of
from screenalytics.http_client import models
from tests.support.exported_episode import cast_row, exported_episode

SHOW = "harbour-lights"
TITLES = {"s01e01": "The Visit", "s01e02": "Low Tide", "s02e04": "Fog", "s02e05": "The Letter"}


def facts_of(ep_id: str, version: int = 1) -> models.EpisodeView:
    """What ingest says of an episode."""
    return models.EpisodeView.model_validate(
        {
            "ep_id": ep_id,
            "show": ep_id[:-7],
            "season": int(ep_id[-5:-3]),
            "episode": int(ep_id[-2:]),
            "title": TITLES.get(ep_id[-6:]),
            "air_date": f"202{ep_id[-4]}-03-{ep_id[-2:]}",
            "has_video": True,
            "version": version,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }
    )


def document_of(ep_id: str, *, revision: int = 1, starts_at_s: float = 0.0) -> ScreenTimeDocument:
    """Ada and somebody without a name are everywhere; José is in the second season, Mia in the first one."""
    document = exported_episode()
    ada, jose = document.cast
    other = jose if "-s02" in ep_id else cast_row("mia", "Mia Holt", (5.0, 6.0), number=2)
    shared = 2.48 if other is jose else 1.0
    return document.model_copy(
        update={
            "episode_id": ep_id,
            "revision": revision,
            "cast": (ada, other),
            "co_appearance_s": (CoAppearance(a="ada", b=other.cast_id, seconds=shared),),
            "starts_at_s": starts_at_s,
        }
    )


def told(document: ScreenTimeDocument) -> models.ScreenTimeDocument:
    """As the API answers it."""
    return models.ScreenTimeDocument.model_validate(document.model_dump(mode="json"))


def rows_for(*ep_ids: str, revision: int = 1) -> Mapping[str, Rows]:
    return {ep_id: rows_of(facts_of(ep_id), told(document_of(ep_id, revision=revision))) for ep_id in ep_ids}


async def write_catalogue(folder: Path) -> None:
    """The whole show, as the catalogue's files."""
    catalogue = Catalogue(Folder(folder))
    for number in (1, 2):
        ep_ids = [f"{SHOW}-{name}" for name in TITLES if name.startswith(f"s{number:02d}")]
        await catalogue.update(Season(SHOW, number), rows_for(*ep_ids))
