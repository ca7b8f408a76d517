"""Events in, domain calls, events out."""

from __future__ import annotations

import asyncio
import time

import numpy as np
import numpy.typing as npt

from chassis import metrics
from chassis.domain.arrays import to_npy
from chassis.domain.crop_archive import read_chips
from chassis.domain.faces import ChipTemplate
from chassis.kafka.bus import Origin
from chassis.s3.artifacts import SegmentArtifacts
from chassis.s3.storage import Storage
from chassis.service import Resources
from chassis.triton.contract import EmbedderInfo
from contracts.crops import CropRef
from contracts.events import EmbedderScale, EpisodeProgress, Event, SegmentEmbedded, SegmentTracked
from contracts.rows import DetectionRow, FaceRow, TrackRow
from contracts.warnings import sentences
from services.embedder.drawn import DRAWN_FACES
from services.embedder.embedding import EmbeddedSegment, build_embedded_segment, faces_to_embed
from services.embedder.selection import select_faces
from services.embedder.settings import EmbedderSettings


class EmbedderHandlers:
    """What the embedder does when a segment was tracked."""

    def __init__(self, resources: Resources[EmbedderSettings]) -> None:
        self._resources = resources

    async def segment_tracked(self, event: SegmentTracked, _origin: Origin) -> list[Event]:
        """Embed the segment's faces and pool its tracks. A repeat is answered with the event emitted before."""
        artifacts = SegmentArtifacts(self._resources.storage, event)
        before = await artifacts.emitted(SegmentEmbedded)
        if before is not None:
            return [before, progress_of(before)]
        started, cpu = time.perf_counter(), time.process_time()
        embedder = await self._resources.require_inference().embedder()
        embedded = await self._embed(event, embedder)
        references = {
            "detections": await artifacts.put_rows("detections.jsonl", embedded.detections),
            "tracks": await artifacts.put_rows("tracks.jsonl", embedded.tracks),
            "faces": await artifacts.put_rows("faces.jsonl", embedded.faces),
            "faces_npy": await artifacts.put("faces.npy", to_npy(embedded.faces_npy)),
            "tracks_npy": await artifacts.put("tracks.npy", to_npy(embedded.tracks_npy)),
        }
        busy_s = time.perf_counter() - started
        metrics.real_time_factor.labels("embedder").observe(busy_s / max(event.end_s - event.start_s, 0.1))
        done = SegmentEmbedded(
            ep_id=event.ep_id,
            run_id=event.run_id,
            segment=event.segment,
            segments=event.segments,
            artifacts={**event.artifacts, **references},
            start_s=event.start_s,
            end_s=event.end_s,
            duration_s=event.duration_s,
            profile=event.profile,
            sample_period_s=event.sample_period_s,
            cut_at_end=event.cut_at_end,
            decoded_frames=event.decoded_frames,
            analysed_frames=event.analysed_frames,
            problems=(*event.problems, *sentences(embedded.warnings)),
            warnings=(*event.warnings, *embedded.warnings),
            starts_at_s=event.starts_at_s,
            timecode=event.timecode,
            reason=event.reason,
            counts={name: float(count) for name, count in embedded.counts.items()},
            stage_seconds={"detector": event.busy_s, "embedder": round(busy_s, 3)},
            stage_cpu_seconds={"detector": event.cpu_s, "embedder": round(time.process_time() - cpu, 3)},
            embedder=EmbedderScale(
                model_id=embedder.model_id,
                midpoint=embedder.scale.midpoint,
                slope=embedder.scale.slope,
                calibrated=embedder.calibration is not None,
            ),
        )
        await artifacts.remember(done)
        return [done, progress_of(done)]

    async def _embed(self, event: SegmentTracked, embedder: EmbedderInfo) -> EmbeddedSegment:
        storage, rules = self._resources.storage, self._resources.settings.embedding
        inference = self._resources.require_inference()
        tracks = await storage.get_rows(event.artifacts["tracks"], TrackRow)
        candidates = await storage.get_rows(event.artifacts["faces"], FaceRow)
        detections = await storage.get_rows(event.artifacts["detections"], DetectionRow)
        faces = select_faces(candidates, rules.selection)
        chosen = faces_to_embed(faces)
        chips = await self._chips(storage, event, chosen, embedder.chip)
        vectors = await inference.embed(chips)
        return await asyncio.to_thread(
            build_embedded_segment,
            tracks=tracks,
            faces=faces,
            detections=detections,
            vectors=vectors,
            model_id=embedder.model_id,
            thresholds=rules.on(embedder.scale).model_copy(update={"dimension": embedder.dimension}),
            pooling=self._resources.settings.pooling.on(embedder.scale),
            drawn=DRAWN_FACES.get(embedder.model_id),
        )

    async def _chips(
        self, storage: Storage, event: SegmentTracked, faces: list[FaceRow], chip: ChipTemplate
    ) -> npt.NDArray[np.uint8]:
        """Chips of the faces in order, as the served model wants them: uint8 [N,S,S,3]."""
        archive = await storage.get(event.artifacts["crops"])
        crops = [(CropRef.parse(face.crop).member, face.crop_points) for face in faces]
        return await asyncio.to_thread(read_chips, archive, crops, chip=chip)


def progress_of(done: SegmentEmbedded) -> EpisodeProgress:
    return EpisodeProgress(
        ep_id=done.ep_id,
        run_id=done.run_id,
        stage="embedder",
        segment=done.segment,
        done=1,
        total=done.segments,
        media_s=done.end_s - done.start_s,
        busy_s=done.stage_seconds.get("embedder", 0.0),
        detail=done.counts,
    )
