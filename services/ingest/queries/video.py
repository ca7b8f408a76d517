"""The episode's video, as people look at it: facts, a URL, clips."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from chassis.errors import BadInput, Conflict, WorkerDied
from chassis.s3.names import get_artifact_path
from chassis.s3.storage import Storage
from chassis.settings import ApiSettings, DecodingLimits
from chassis.video.limited import run_limited
from contracts.blobs import VideoRef
from contracts.events import SegmentReady
from services.ingest.models import ClipView, VideoView
from services.ingest.runs.records import Episode
from services.ingest.store.runs import IngestStore
from services.ingest.video.clips import ClipPart, clip_name, cut_parts, parts_of, stretch

FACTS = ("duration_s", "width", "height", "codec", "fps", "video_stream", "starts_at_s", "timecode")
"""What the run's start says about the video."""


class VideoQueries:
    """What the router of videos works with."""

    def __init__(
        self,
        store: IngestStore,
        storage: Storage,
        api: ApiSettings,
        decoding: DecodingLimits,
        reading: asyncio.Semaphore,
    ) -> None:
        self._store = store
        self._storage = storage
        self._url_seconds = api.url_seconds
        self._decoding = decoding
        self._reading = reading

    async def describe(self, ep_id: str) -> VideoView:
        """Facts of the video, and a URL of it.

        Raises:
            NotFound: `unknown_episode`.
            Conflict: `no_video`.
        """
        episode = await self._store.episodes.read(ep_id)
        video = video_of(episode)
        run = await self._store.current_run(ep_id)
        known = run.started if run is not None and run.video_sha256 == video.sha256 else None
        return VideoView(
            ep_id=ep_id,
            url=await self._url(video.uri),
            url_expires_in_s=self._url_seconds,
            sha256=video.sha256,
            bytes=video.bytes,
            media_type=video.media_type,
            filename=video.filename,
            **{name: getattr(known, name, None) for name in FACTS},
        )

    async def clip(self, ep_id: str, start_s: float, end_s: float) -> ClipView:
        """A stretch of the analysed video, cut when it is asked for first.

        Raises:
            NotFound: `unknown_episode`.
            Conflict: `no_run`, while no run was planned.
            BadInput: bad_range, no_picture, decoder_crashed, too_much_memory or too_much_computing.
        """
        await self._store.episodes.read(ep_id)
        run = await self._store.current_run(ep_id)
        ready = await self._store.segments(run.run_id) if run is not None else []
        if not ready:
            raise Conflict("no_run", f"The video of {ep_id} was not looked at yet: start a run first.")
        first, last = stretch(start_s, end_s, ready[0].duration_s)
        key = get_artifact_path("clips", ep_id, clip_name(ready[0].video.sha256, first, last))
        if await self._storage.find(key) is None:
            await self._cut(ready, key, first, last)
        return ClipView(
            ep_id=ep_id,
            start_s=first,
            end_s=last,
            url=await self._url(self._storage.uri(key)),
            url_expires_in_s=self._url_seconds,
        )

    async def _cut(self, ready: Sequence[SegmentReady], key: str, first: float, last: float) -> None:
        async with self._reading:
            if await self._storage.find(key) is not None:  # whoever was before us had the same wish
                return
            url = await self._storage.get_presigned_url(ready[0].video.uri)
            clip = await self._encoded(parts_of(url, ready, first, last))
            await self._storage.put(key, clip)

    async def _encoded(self, parts: Sequence[ClipPart]) -> bytes:
        try:
            return await run_limited(cut_parts, parts, within=self._decoding)
        except WorkerDied as error:
            raise BadInput(error.code, error.message) from error

    async def _url(self, uri: str) -> str:
        return await self._storage.get_presigned_url(uri, expires_s=self._url_seconds, public=True)


def video_of(episode: Episode) -> VideoRef:
    """The video that an episode names.

    Raises:
        Conflict: `no_video`.
    """
    if episode.video is None:
        raise Conflict("no_video", f"{episode.ep_id} has no video: upload one, or register one that is in the bucket.")
    return episode.video
