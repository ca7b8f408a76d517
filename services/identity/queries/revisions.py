"""The screen-time revisions of an episode, and the files that belong to them. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import BaseModel, Field

from chassis.cache import Memo
from chassis.domain.arrays import Floats
from chassis.errors import NotFound
from chassis.http.results import Page, page_of
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import ObjectChanged, ObjectMissing, Storage
from chassis.settings import ApiSettings
from contracts.blobs import BlobRef, Sha256
from contracts.events import VisibleSeconds
from contracts.ids import RunId
from contracts.rows import ScreenTimeDocument
from contracts.sign_off import SignOff
from contracts.warnings import Warning
from services.identity.screentime.groups import EpisodePeople
from services.identity.screentime.totals import EpisodeSeconds
from services.identity.store.revisions import Report, RevisionStore, order_of

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
    warning_details: tuple[Warning, ...] = ()
    """The warnings, each with its code and place."""
    signed_off: SignOff | None = None
    """The sign-off that counted when it was made."""


class ScreenTimeFile(BaseModel):
    """A file of a revision, to be fetched from `url` within `expires_s` seconds."""

    name: str
    url: str
    expires_s: int
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str


class RevisionFile(BaseModel):
    """A file of a revision."""

    name: str
    sha256: Sha256
    bytes: int = Field(ge=0)
    media_type: str


class RevisionFileList(BaseModel):
    """Every file of a revision, by name, and what the revision is made from."""

    run_id: RunId
    revision: int
    at: datetime
    grouping_revision: int | None
    edits_version: int | None = Field(description="Version of the edits of clusters; null: made before it was noted.")
    links_version: int | None
    files: tuple[RevisionFile, ...]


class ScreenTimeReports:
    """Finds revisions and opens their files; what it opens is shared and must not be changed."""

    def __init__(
        self, revisions: RevisionStore, storage: Storage, reader: ArtifactReader, settings: ApiSettings
    ) -> None:
        self._revisions = revisions
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
            return await self._read(ep_id, run_id, revision or await self._revisions.last_number(ep_id, run_id))
        order = order_of(current, revision or number)
        return await self._known.get(order, lambda: self._read(ep_id, current, revision or number))

    async def _read(self, ep_id: str, run_id: str, number: int) -> Report:
        found = await self._revisions.report(run_id, number)
        if found is None or found.event.ep_id != ep_id:
            raise NotFound(
                "unknown_revision", f"{ep_id} has no such revision of its screen time: GET its revisions for those."
            )
        return found

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

    def files(self, report: Report) -> RevisionFileList:
        """What files the revision has, with their hashes."""
        event = report.event
        return RevisionFileList(
            run_id=event.run_id,
            revision=event.revision,
            at=report.at,
            grouping_revision=event.grouping_revision,
            edits_version=report.edits_version,
            links_version=event.links_version,
            files=tuple(
                RevisionFile(name=name, sha256=ref.sha256, bytes=ref.bytes, media_type=ref.media_type)
                for name, ref in sorted(report.manifests.items())
            ),
        )

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
        page = page_of(
            [(-at.timestamp(), order) for order, at in await self._revisions.orders(ep_id)],
            key=lambda name: name,
            kinds=(float, str),
            cursor=cursor,
            limit=limit,
        )
        found = await self._revisions.reports([order for _, order in page.items])
        items = tuple(_summary(found[order], current) for _, order in page.items if order in found)
        return Page(items=items, next_cursor=page.next_cursor, total=page.total)

    async def of_show(self, show: str) -> list[EpisodeSeconds]:
        """What every episode's current revision says of the cast.

        Raises:
            NotFound: `no_screen_time`, when the show has no episode with one.
        """
        orders = await self._revisions.shown_in(show)
        if not orders:
            raise _nothing(show)
        return await self._revisions.seconds(orders)

    async def everybody_in(self, show: str) -> list[EpisodePeople]:
        """Who is visible when in every episode's current revision. Raises as `of_show`."""
        orders = await self._revisions.shown_in(show)
        if not orders:
            raise _nothing(show)
        return await self._revisions.everybody(orders)

    async def _current(self, ep_id: str) -> tuple[str, int]:
        """The episode's current run, and the revision that is shown of it."""
        shown = await self._revisions.shown(ep_id)
        if shown is None:
            raise _nothing(ep_id)
        return shown


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


def _summary(report: Report, current: tuple[str, int]) -> RevisionSummary:
    event = report.event
    return RevisionSummary(
        run_id=event.run_id,
        revision=event.revision,
        at=report.at,
        current=(event.run_id, event.revision) == current,
        changes=report.changes,
        duration_s=event.duration_s,
        cast=event.cast,
        unidentified=event.unidentified,
        warnings=event.warnings,
        warning_details=event.warning_details,
        signed_off=event.signed_off,
    )
