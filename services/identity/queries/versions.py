"""Two versions of a programme, compared by their pictures."""

from __future__ import annotations

import asyncio

from chassis.errors import BadInput, Conflict
from contracts.rows import ScreenTimeDocument, ShotRow
from services.identity.queries.revisions import ScreenTimeReports
from services.identity.screentime.alignment import Pictures, align, pictures_of
from services.identity.screentime.versions import VersionComparison, compare_versions


class VersionQueries:
    """Opens the current revisions of two episodes and lays them beside each other."""

    def __init__(self, reports: ScreenTimeReports) -> None:
        self._reports = reports
        self._aligning = asyncio.Semaphore(1)  # some seconds of a processor for an hour of film

    async def compare(self, first: str, second: str) -> VersionComparison:
        """What the second has of the first, and who lost and won by it.

        Raises:
            NotFound: `no_screen_time`, `manifest_missing`.
            BadInput: `same_episode`. Conflict: `looks_unknown`, where one was analysed before looks were noted.
        """
        if first == second:
            raise BadInput("same_episode", "Name two episodes: revisions of one are compared by its diff.")
        (was, old), (now, new) = await asyncio.gather(self._open(first), self._open(second))
        async with self._aligning:
            return await asyncio.to_thread(lambda: compare_versions(was, now, align(old, new)))

    async def _open(self, ep_id: str) -> tuple[ScreenTimeDocument, Pictures]:
        report = await self._reports.find(ep_id)
        document = await self._reports.document(report)
        shots = await self._reports.rows(report, "shots.jsonl", ShotRow)
        pictures = pictures_of(shots, duration_s=document.duration_s)
        if pictures is None:
            raise Conflict(
                "looks_unknown", f"{ep_id} was analysed before it was noted what pictures look like: run it again."
            )
        return document, pictures
