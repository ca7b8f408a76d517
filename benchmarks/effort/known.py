"""What the machine knows of a cast before anybody works: its pictures, its names, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.effort.cases import Case, References
from chassis.domain.arrays import Floats
from chassis.kafka.bus import Bus
from chassis.mongo.database import Database
from chassis.mongo.outbox import Outbox
from chassis.settings import ChassisSettings
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from services.identity.store.facebanks import FacebankStore

Mode = Literal["pictures", "names", "nobody"]
MODES: tuple[Mode, ...] = ("pictures", "names", "nobody")


def names_of(case: Case, mode: Mode) -> dict[str, str]:
    """Who is in the cast already, by cast id."""
    return {} if mode == "nobody" else {cast_id: member.name for cast_id, member in case.cast.items()}


def introduce(url: str, show: str, case: Case, mode: Mode) -> None:
    """Make the cast known."""
    rows = [models.NewMember(cast_id=cast_id, name=name) for cast_id, name in names_of(case, mode).items()]
    with Client(url) as api:
        api.create_show(models.NewShow(name=show, show=show))
        if rows:
            api.import_cast(show, models.CastImport(members=rows))
        for cast_id, member in case.cast.items() if mode == "pictures" else ():
            files = [("pictures", (path.name, path.read_bytes(), "image/jpeg")) for path in member.pictures]
            if files:
                api.add_pictures(show, cast_id, files)


async def vectors_of(settings: ChassisSettings, database: Database, name: str, show: str) -> References:
    """Vectors of the pictures in a set's show."""
    store = FacebankStore(database, Outbox(Bus("identity", settings.kafka), []))
    return {
        (name, cast_id): np.array([one.vector for one in pictures], dtype=np.float32)
        for cast_id, pictures in (await store.references(show)).items()
        if pictures
    }


def save(kept: Path, references: References) -> None:
    """Keep vectors for the next time."""
    named: dict[str, Any] = {"|".join(where): vectors for where, vectors in references.items()}
    np.savez(kept, **named)


def load(kept: Path) -> dict[tuple[str, str], Floats]:
    """What was kept."""
    if not kept.is_file():
        return {}
    with np.load(kept) as file:
        return {(name.partition("|")[0], name.partition("|")[2]): file[name] for name in file.files}
