"""The screen-time revisions of an episode, and the files that belong to them. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, Field

from chassis.cache import Memo
from chassis.domain.arrays import Floats
from chassis.errors import NotFound
from chassis.http.results import Page, page_of
from chassis.mongo.database import Database, Document
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import ObjectChanged, ObjectMissing, Storage
from chassis.settings import ApiSettings
from contracts.blobs import BlobRef, Sha256
from contracts.events import ScreenTimeReported, VisibleSeconds
from contracts.ids import RunId, show_of
from contracts.rows import ScreenTimeDocument
from services.identity.screentime.totals import CastSeconds, EpisodeSeconds
from services.identity.store.revisions import order_of

M = TypeVar("M", bound=BaseModel)

REMEMBERED = 64
"""Revisions of current runs, by their files' names only."""

FileFormat = Literal["json", "csv", "parquet", "html"]
FILES: dict[FileFormat, str] = {
    "json": "screen_time.json",
    "csv": "screen_time.csv",
    "parquet": "screen_time.parquet",
    "html": "report.html",
}
_SUMMARY = {
    "ep_id": 1,
    "document.duration_s": 1,
    "document.cast.cast_id": 1,
    "document.cast.name": 1,
    "document.cast.visible_s": 1,
    "document.cast.appearances": 1,
}


class RevisionSummary(BaseModel):
    """A revision in the list of them."""

    run_id: RunId
    revision: int
    at: datetime
    current: bool
    changes: tuple[str, ...]
    """What this revision changed, in sentences."""
    duration_s: float
    cast: tuple[VisibleSeconds, ...]
    unidentified: int
    warnings: tuple[str, ...]


class ScreenTimeFile(BaseModel):
    """A file of a revision, to be fetched from `url` within `expires_s` seconds."""

    name: str
    url: str
    expires_s: int
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """One revision: the event that announced it names its files."""

    event: ScreenTimeReported
    at: datetime

    @property
    def manifests(self) -> Mapping[str, BlobRef]:
        return self.event.manifests


class ScreenTimeReports:
    """Finds revisions and opens their files; what it opens is shared and must not be changed."""

    def __init__(self, database: Database, storage: Storage, reader: ArtifactReader, settings: ApiSettings) -> None:
        self._identities = database["identities"]
        self._screen_time = database["screen_time"]
        self._storage = storage
        self._reader = reader
        self._settings = settings
        self._known: Memo[Report] = Memo(REMEMBERED)

    async def find(self, ep_id: str, *, revision: int | None = None, run_id: str | None = None) -> Report:
        """The current revision; or the one of a number, of the current run unless another is named; or a run's last.

        Raises:
            NotFound: `no_screen_time`, `unknown_revision`.
        """
        current, number = await self._current(ep_id)
        if run_id is not None and run_id != current:
            return await self._read(ep_id, run_id, revision or await self._last(ep_id, run_id))
        order = order_of(current, revision or number)
        return await self._known.get(order, lambda: self._read(ep_id, current, revision or number))

    async def _read(self, ep_id: str, run_id: str, number: int) -> Report:
        found = await self._screen_time.find_one({"_id": order_of(run_id, number)}, {"event": 1, "created_at": 1})
        if found is None or found["event"]["ep_id"] != ep_id:
            raise NotFound(
                "unknown_revision", f"{ep_id} has no such revision of its screen time: GET its revisions for those."
            )
        return Report(event=ScreenTimeReported.model_validate(found["event"]), at=found["created_at"])

    async def document(self, report: Report) -> ScreenTimeDocument:
        """The revision itself; raises as `opened`."""
        return await self.opened(report, "screen_time.json", ScreenTimeDocument)

    async def opened(self, report: Report, name: str, model: type[M]) -> M:
        """A manifest that is one document.

        Raises:
            NotFound: `manifest_missing`, when the revision has no such file (any more).
        """
        with _missing_is_said():
            return await self._reader.document(_manifest(report, name), model)

    async def rows(self, report: Report, name: str, model: type[M]) -> tuple[M, ...]:
        """The rows of a manifest; raises as `opened`."""
        with _missing_is_said():
            return await self._reader.rows(_manifest(report, name), model)

    async def array(self, report: Report, name: str) -> Floats:
        """A manifest that is a matrix; raises as `opened`."""
        with _missing_is_said():
            return await self._reader.array(_manifest(report, name))

    async def content(self, report: Report, file_format: FileFormat) -> bytes:
        """A file's content; raises as `opened`."""
        with _missing_is_said():
            return await self._storage.get(_manifest(report, FILES[file_format]))

    async def link(self, report: Report, file_format: FileFormat) -> ScreenTimeFile:
        """Where a file of the revision can be fetched for a short while; raises as `opened`."""
        ref = _manifest(report, FILES[file_format])
        expires_s = self._settings.url_seconds
        return ScreenTimeFile(
            name=FILES[file_format],
            url=await self._storage.get_presigned_url(ref.uri, expires_s=expires_s, public=True),
            expires_s=expires_s,
            sha256=ref.sha256,
            bytes=ref.bytes,
            media_type=ref.media_type,
        )

    async def revisions(self, ep_id: str, *, cursor: str | None, limit: int) -> Page[RevisionSummary]:
        """Every revision of every run, the newest first.

        Raises:
            NotFound: `no_screen_time`. BadInput: `bad_cursor`.
        """
        current = await self._current(ep_id)
        names = [doc async for doc in self._screen_time.find({"ep_id": ep_id}, {"created_at": 1})]
        page = page_of(
            [(-float(doc["created_at"].timestamp()), str(doc["_id"])) for doc in names],
            key=lambda name: name,
            kinds=(float, str),
            cursor=cursor,
            limit=limit,
        )
        wanted = {"_id": {"$in": [name for _, name in page.items]}}
        shown = {"event": 1, "created_at": 1, "document.changes": 1}
        found = {str(doc["_id"]): doc async for doc in self._screen_time.find(wanted, shown)}
        items = tuple(_summary(found[name], current) for _, name in page.items if name in found)
        return Page(items=items, next_cursor=page.next_cursor, total=page.total)

    async def of_show(self, show: str) -> list[EpisodeSeconds]:
        """What every episode's current revision says of the cast.

        Raises:
            NotFound: `no_screen_time`, when the show has no episode with one.
        """
        named = {"_id": {"$gte": f"{show}-s", "$lt": f"{show}-t"}}
        episodes = [doc async for doc in self._identities.find(named, {"run_id": 1, "revision": 1})]
        keys = [
            order_of(str(doc["run_id"]), int(doc["revision"]))
            for doc in episodes
            if show_of(str(doc["_id"])) == show and doc.get("run_id") and doc.get("revision")
        ]
        if not keys:
            raise _nothing(show)
        return [_seconds(doc) async for doc in self._screen_time.find({"_id": {"$in": keys}}, _SUMMARY)]

    async def _last(self, ep_id: str, run_id: str) -> int:
        """Number of a run's last revision, 0 without any."""
        found = self._screen_time.find({"ep_id": ep_id, "run_id": run_id}, {"revision": 1})
        return max([int(doc["revision"]) async for doc in found], default=0)

    async def _current(self, ep_id: str) -> tuple[str, int]:
        """The episode's current run, and the revision that is shown of it."""
        found = await self._identities.find_one({"_id": ep_id}, {"run_id": 1, "revision": 1})
        if found is None or not found.get("run_id"):
            raise _nothing(ep_id)
        return str(found["run_id"]), int(found.get("revision") or 0)


def _nothing(what: str) -> NotFound:
    return NotFound(
        "no_screen_time", f"{what} has no screen time yet: it appears when a run of the episode has finished."
    )


def _manifest(report: Report, name: str) -> BlobRef:
    ref = report.manifests.get(name)
    if ref is None:
        raise _gone(name)
    return ref


def _gone(name: str) -> NotFound:
    return NotFound(
        "manifest_missing", f"{name} of this revision is not in the store (any more): run the episode again."
    )


@contextmanager
def _missing_is_said() -> Iterator[None]:
    try:
        yield
    except (ObjectMissing, ObjectChanged) as error:
        raise _gone("A file") from error


def _summary(doc: Document, current: tuple[str, int]) -> RevisionSummary:
    event = ScreenTimeReported.model_validate(doc["event"])
    return RevisionSummary(
        run_id=event.run_id,
        revision=event.revision,
        at=doc["created_at"],
        current=(event.run_id, event.revision) == current,
        changes=tuple(doc.get("document", {}).get("changes", ())),
        duration_s=event.duration_s,
        cast=event.cast,
        unidentified=event.unidentified,
        warnings=event.warnings,
    )


def _seconds(doc: Document) -> EpisodeSeconds:
    return EpisodeSeconds(
        ep_id=str(doc["ep_id"]),
        duration_s=float(doc["document"]["duration_s"]),
        cast=tuple(
            CastSeconds(
                cast_id=str(row["cast_id"]),
                name=str(row["name"]),
                visible_s=float(row["visible_s"]),
                appearances=int(row["appearances"]),
            )
            for row in doc["document"].get("cast", ())
        ),
    )
