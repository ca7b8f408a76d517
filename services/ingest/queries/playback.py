"""How a browser plays an episode, and when each of its frames is shown."""

from __future__ import annotations

import asyncio

from chassis.cache import Memo
from chassis.errors import BadInput, Conflict, WorkerDied
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import Storage
from chassis.settings import ApiSettings, DecodingLimits
from chassis.video.limited import run_limited
from contracts.events import SegmentReady
from services.ingest.models import FramesView, PlaybackView
from services.ingest.runs.frame_table import ScannedVideo
from services.ingest.store.proxies import ProxyJob, ProxyStore
from services.ingest.store.runs import IngestStore
from services.ingest.video.clips import parts_of
from services.ingest.video.frame_scan import scan_video, table_name
from services.ingest.video.proxy import proxy_name

REMEMBERED = 4
FRAMES, PROXIES = "frames", "proxies"


class PlaybackQueries:
    """What the router of playback works with."""

    def __init__(
        self,
        store: IngestStore,
        proxies: ProxyStore,
        storage: Storage,
        api: ApiSettings,
        decoding: DecodingLimits,
        reading: asyncio.Semaphore,
    ) -> None:
        self._store = store
        self._proxies = proxies
        self._storage = storage
        self._url_seconds = api.url_seconds
        self._decoding = decoding
        self._reading = reading
        self._scanned: Memo[ScannedVideo] = Memo(REMEMBERED)

    async def frames(self, ep_id: str) -> FramesView:
        """When each frame is shown; read from the packets once.

        Raises:
            NotFound: `unknown_episode`.
            Conflict: `no_run`, while no run was planned.
            BadInput: what the packets of a video that has changed, or that nothing can read, raise.
        """
        ready = await self._planned(ep_id)
        scanned = await self._scan(ep_id, ready)
        return FramesView(
            ep_id=ep_id,
            sha256=ready[0].video.sha256,
            duration_s=ready[0].duration_s,
            starts_at_s=ready[0].starts_at_s,
            **scanned.table.model_dump(),
        )

    async def view(self, ep_id: str) -> PlaybackView:
        """Where a browser finds something that it can play; raises as `frames`."""
        ready = await self._planned(ep_id)
        scanned = await self._scan(ep_id, ready)
        if scanned.unplayable is None:
            return await self._original(ep_id, ready[0])
        name = proxy_name(ready[0].video.sha256, ready[0].stream_index)
        return await self._proxy(ep_id, name, scanned.unplayable, await self._proxies.find(ep_id, name))

    async def make(self, ep_id: str) -> PlaybackView:
        """Ask for a proxy where browsers do not play the video itself; raises as `frames`."""
        ready = await self._planned(ep_id)
        scanned = await self._scan(ep_id, ready)
        if scanned.unplayable is None:
            return await self._original(ep_id, ready[0])
        name = proxy_name(ready[0].video.sha256, ready[0].stream_index)
        job = await self._proxies.want(ep_id, name, ready[0].run_id)
        return await self._proxy(ep_id, name, scanned.unplayable, job)

    async def _planned(self, ep_id: str) -> tuple[SegmentReady, ...]:
        await self._store.episodes.read(ep_id)
        run = await self._store.current_run(ep_id)
        ready = await self._store.segments(run.run_id) if run is not None else ()
        if not ready:
            raise Conflict("no_run", f"The video of {ep_id} was not looked at yet: start a run first.")
        return tuple(ready)

    async def _scan(self, ep_id: str, ready: tuple[SegmentReady, ...]) -> ScannedVideo:
        name = table_name(ready[0].video.sha256, ready[0].stream_index)
        key = get_artifact_path(FRAMES, ep_id, name)

        async def read() -> ScannedVideo:
            if await self._storage.find(key) is not None:
                return ScannedVideo.model_validate_json(await self._storage.read(self._storage.uri(key)))
            async with self._reading:
                url = await self._storage.get_presigned_url(ready[0].video.uri)
                parts = parts_of(url, ready, 0.0, ready[0].duration_s)
                try:
                    scanned = await run_limited(scan_video, parts, within=self._decoding)
                except WorkerDied as error:
                    raise BadInput(error.code, error.message) from error
            await self._storage.put(key, scanned.model_dump_json().encode())
            return scanned

        return await self._scanned.get(key, read)

    async def _original(self, ep_id: str, ready: SegmentReady) -> PlaybackView:
        return PlaybackView(
            ep_id=ep_id,
            state="ready",
            source="original",
            starts_at_s=ready.starts_at_s,
            url=await self._url(ready.video.uri),
            url_expires_in_s=self._url_seconds,
        )

    async def _proxy(self, ep_id: str, name: str, why: str, job: ProxyJob | None) -> PlaybackView:
        uri = self._storage.uri(get_artifact_path(PROXIES, ep_id, name))
        is_ready = job is not None and job.state == "ready"
        return PlaybackView(
            ep_id=ep_id,
            state=job.state if job is not None else "not_made",
            source="proxy",
            why=why,
            fraction=job.fraction if job is not None else None,
            failure=job.failure if job is not None else None,
            url=await self._url(uri) if is_ready else None,
            url_expires_in_s=self._url_seconds if is_ready else None,
        )

    async def _url(self, uri: str) -> str:
        return await self._storage.get_presigned_url(uri, expires_s=self._url_seconds, public=True)
