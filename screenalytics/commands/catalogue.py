"""`screenalytics catalogue`: all results as Parquet, and the views on them."""

from __future__ import annotations

import hashlib
import json
import os

from chassis.settings import ChassisSettings
from screenalytics.catalogue.files import Catalogue
from screenalytics.catalogue.places import S3, Place, opened
from screenalytics.catalogue.syncing import Changed, Sync
from screenalytics.catalogue.views import views

VIEWS = "views.sql"


async def sync(where: str, *, once: bool, group: str | None) -> int:
    """Bring the catalogue at a place up to date, and without `once` keep it so until told to end.

    Raises:
        BadInput: as the place, the catalogue and the API's address. ApiFailure: when the API refuses.
    """
    from screenalytics.catalogue.following import following, until_it_answers
    from screenalytics.catalogue.source import Source
    from screenalytics.commands.operator.connection import connect_async

    settings = ChassisSettings()
    async with connect_async() as api, opened(where, settings.s3) as place:
        catalogue = Catalogue(place)
        work = Sync(Source(api), catalogue, _tell)
        if once:
            await work.everything()
            await _write_views(place, catalogue)
            return 0
        async with following(settings.kafka, group or group_of(place.root)) as follower:
            await until_it_answers(work.everything)
            await _write_views(place, catalogue)
            while True:
                if await follower.look(work):
                    await _write_views(place, catalogue)


def group_of(root: str) -> str:
    """The consumer group of a catalogue: every place hears of everything."""
    return f"catalogue-{hashlib.sha256(root.encode()).hexdigest()[:12]}"


def print_views(where: str) -> None:
    """Print the views of a catalogue, wherever it lies by now."""
    print(views(where.rstrip("/") if where.startswith(S3) else os.path.realpath(where)), end="")


async def _write_views(place: Place, catalogue: Catalogue) -> None:
    content = views(place.root, is_empty=not await catalogue.seasons()).encode()
    if await place.read(VIEWS) != content:
        await place.replace(VIEWS, content)


def _tell(changed: Changed) -> None:
    print(json.dumps({"ep_id": changed.ep_id, "change": changed.change, "revision": changed.revision}), flush=True)
