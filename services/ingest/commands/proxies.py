"""Makes proxies that were asked for, one at a time in a process; whatever a video does to it, the service goes on.

The invariant: **a proxy is one object that is there whole or not at all**: its parts become an object when the last one is
there, and only while its claim holds, which the deletion of its episode ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence

from chassis import telemetry
from chassis.errors import BadInput, DependencyUnavailable, WorkerDied
from chassis.retrying import CALM_S, keep_doing
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import Storage, UploadedPart
from chassis.settings import DecodingLimits
from chassis.video.limited import LimitedWork
from contracts.events import SegmentReady
from services.ingest.runs.records import Failure
from services.ingest.settings import ProxySettings
from services.ingest.store.proxies import MOST_TRIES, ProxyJob, ProxyStore
from services.ingest.store.runs import IngestStore
from services.ingest.video.clips import parts_of
from services.ingest.video.growing_file import Bytes
from services.ingest.video.proxy import ProxyPiece, make_proxy

CLAIMED_FOR_S = 60.0
"""How long a maker may be silent before another one begins anew."""

AGAIN_S = 10.0
URL_S = 24 * 3600
PROXIES = "proxies"
Make = Callable[..., Generator[ProxyPiece, None, tuple[Bytes, Bytes]]]


class _Overtaken(Exception):
    """The proxy is somebody else's now, or its episode was deleted."""


class ProxyMaker:
    """The loop that makes them; several replicas may run it."""

    def __init__(
        self,
        store: IngestStore,
        proxies: ProxyStore,
        storage: Storage,
        settings: ProxySettings,
        decoding: DecodingLimits,
        make: Make = make_proxy,
    ) -> None:
        self._store = store
        self._proxies = proxies
        self._storage = storage
        self._settings = settings
        self._decoding = decoding
        self._make = make

    async def run(self) -> None:
        await keep_doing(self.sweep, every_s=self._settings.every_s, what="making proxies", calm_s=CALM_S)

    async def sweep(self) -> int:
        """Make every proxy that is due; returns how many were taken up."""
        taken = 0
        while (job := await self._proxies.claim(for_s=CLAIMED_FOR_S)) is not None:
            taken += 1
            await self._take_up(job)
        return taken

    async def _take_up(self, job: ProxyJob) -> None:
        key = get_artifact_path(PROXIES, *job.path)
        if job.multipart_id is not None:  # of a maker that is not heard of any more
            await self._storage.abort_multipart(key, job.multipart_id)
        if job.tries > MOST_TRIES:
            sentence = "Whoever encoded this video ended without a word, several times: export it again as MP4 (H.264)."
            await self._proxies.fail(job, Failure(stage="ingest", code="worker_crashed", message=sentence))
            return
        segments = await self._store.segments(job.run_id)
        if not segments:
            sentence = "The run that this was asked for is not there any more: ask again."
            await self._proxies.fail(job, Failure(stage="ingest", code="unknown_run", message=sentence))
            return
        try:
            await self._encode(job, key, segments)
        except _Overtaken:
            telemetry.logger().info("a proxy is not wanted any more", ep_id=job.ep_id)
        except DependencyUnavailable:
            await self._proxies.put_off(job, for_s=AGAIN_S)
            raise
        except (BadInput, WorkerDied) as error:
            await self._proxies.fail(job, Failure(stage="ingest", code=error.code, message=error.message))
        else:
            await self._proxies.finish(job)

    async def _encode(self, job: ProxyJob, key: str, segments: Sequence[SegmentReady]) -> None:
        duration_s = segments[0].duration_s
        url = await self._storage.get_presigned_url(segments[0].video.uri, expires_s=URL_S)
        limits = self._decoding.model_copy(update={"cpu_s": self._settings.cpu_s(duration_s)})
        parts = parts_of(url, segments, 0.0, duration_s)
        working: LimitedWork[ProxyPiece, tuple[Bytes, Bytes]] = LimitedWork(self._make, parts, within=limits)
        multipart_id = await self._storage.create_multipart(key, media_type="video/webm")
        try:
            await self._note(job, multipart_id=multipart_id)
            uploaded = await self._send_pieces(job, working, key, multipart_id, duration_s)
            await self._note(job)
            await self._storage.complete_multipart(key, multipart_id, uploaded)
        except BaseException:
            await asyncio.shield(self._storage.abort_multipart(key, multipart_id))
            raise
        finally:
            working.close()

    async def _send_pieces(
        self,
        job: ProxyJob,
        working: LimitedWork[ProxyPiece, tuple[Bytes, Bytes]],
        key: str,
        multipart_id: str,
        duration_s: float,
    ) -> dict[int, UploadedPart]:
        """Part 1 is the beginning, which is final when everything else is."""
        uploaded: dict[int, UploadedPart] = {}

        async def send(number: int, data: Bytes) -> None:
            uploaded[number] = await self._storage.put_part(key, multipart_id, number, bytes(data))

        while (piece := await asyncio.to_thread(next, working, None)) is not None:
            if piece.data is not None:
                await send(len(uploaded) + 2, piece.data)
            await self._note(job, fraction=round(min(1.0, piece.done_s / duration_s), 4))
        last, first = working.value or (None, None)
        if first is None or last is None:
            raise _Overtaken
        if len(last):
            await send(len(uploaded) + 2, last)
        await send(1, first)
        return uploaded

    async def _note(self, job: ProxyJob, **facts: object) -> None:
        """Raises _Overtaken."""
        if not await self._proxies.note(job, for_s=CLAIMED_FOR_S, **facts):
            raise _Overtaken
