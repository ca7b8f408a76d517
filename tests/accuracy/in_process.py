"""The pipeline's rules one after the other in this process: no servers, the models run in onnxruntime."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from benchmarks.scoring import Result
from chassis.domain.calibration import DistanceScale
from chassis.domain.crop_archive import read_chips
from chassis.domain.faces import ChipTemplate, FaceDetections, non_maximum_suppression
from chassis.domain.pooling import PoolingRules
from chassis.domain.visibility import VisibilityRules
from chassis.settings import DecodingLimits, TritonSettings
from contracts.crops import CropRef
from contracts.rows import FaceRow
from screenalytics.weights import load_registry
from services.detector.analysis import SegmentAnalysis, analyse_segment
from services.detector.looks.faces import Detect, Detectors
from services.detector.reading.segment_frames import SegmentSource
from services.detector.rules import DetectorProfile, DetectorProfiles
from services.embedder.embedding import EmbeddedSegment, build_embedded_segment, faces_to_embed
from services.embedder.rules import EmbedderThresholds
from services.embedder.selection import select_faces
from services.grouper.episode.documents import identities_document
from services.grouper.episode.edited_grouping import GroupingInput
from services.grouper.episode.grouping_with_edits import group_episode
from services.grouper.episode.identity_ids import first_ids, people_of
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.joining import SegmentTracks, join_segments
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time
from services.ingest.runs.planning import SegmentSpan, plan_recordings
from services.ingest.video.facts import VideoPart
from services.ingest.video.probing import VideoFacts, probe

RULES = IdentityThresholds()

EP_ID = "labelled-s01e01"
RUN_ID = "0" * 26
DETECTOR_ID, EMBEDDER_ID = "detector", "embedder"
CHIPS_AT_ONCE = 16
DOUBLES_OVERLAP = 0.4

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


class Models:
    """Detector and embedder out of a model repository."""

    def __init__(self, repository: Path) -> None:
        self._finder = _session(repository / "face_finder")
        self._detector = _session(repository / "face_detector")
        embedder = load_registry().models[TritonSettings().embedder_model]
        self._embedder = _session(repository / TritonSettings().embedder_model)
        self.chip = ChipTemplate(size=embedder.contract.inputs[0].shape[0], points=embedder.contract.chip_points)
        assert embedder.calibration is not None
        self.scale = DistanceScale(embedder.calibration.midpoint, embedder.calibration.slope)

    def detectors(self, profile: DetectorProfile) -> Detectors:
        """What `analyse_segment` asks."""
        return Detectors(
            find=_detect(self._finder, min_score=profile.tracking.weak_score),
            check=_detect(self._detector, min_score=profile.closer.min_score),
        )

    def embed(self, chips: Pixels) -> Floats:
        """Chips [N,S,S,3], as `chip` says, to vectors [N,D]."""
        parts = [chips[start : start + CHIPS_AT_ONCE] for start in range(0, len(chips), CHIPS_AT_ONCE)]
        return np.concatenate([self._embedder.run(None, {"chips": part})[0] for part in parts])


def _session(model: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model / "1" / "model.onnx"), options, providers=["CPUExecutionProvider"])


def _detect(session: Any, *, min_score: float) -> Detect:
    async def detect(frames: Pixels) -> list[FaceDetections]:
        answers = await asyncio.to_thread(session.run, None, {"frames": frames})
        return [_faces(*answer, min_score=min_score) for answer in zip(*answers, strict=True)]

    return detect


def _faces(boxes: Floats, scores: Floats, landmarks: Floats, *, min_score: float) -> FaceDetections:
    strong = scores >= min_score
    boxes, scores, landmarks = boxes[strong], scores[strong], landmarks[strong]
    kept = non_maximum_suppression(boxes, scores, max_overlap=DOUBLES_OVERLAP)
    return FaceDetections(boxes[kept], scores[kept], landmarks[kept])


async def process(video: Path, models: Models, *, segment_s: float) -> Result:
    """An episode from file to screen time, without a cast."""
    facts = probe(str(video))
    profile = DetectorProfiles().named("balanced")
    segments: list[SegmentTracks] = []
    faces: list[FaceRow] = []
    for span, part in plan_recordings(facts.parts, target_s=segment_s):
        analysis = await _analyse(video, facts, span, part, profile, models)
        embedded = _embed(analysis, models)
        faces += embedded.faces
        segments.append(
            SegmentTracks(
                segment=span.segment,
                start_s=span.start_s,
                end_s=span.end_s,
                cut_at_end=analysis.cut_at_end,
                tracks=embedded.tracks,
                shots=analysis.shots,
                prototypes=embedded.tracks_npy,
            )
        )
    rules = GrouperThresholds().on(models.scale)
    joined = join_segments(segments, rules.joining)
    ground = GroupingInput(
        joined=joined,
        faces=faces,
        face_vectors=np.zeros((0, 0), dtype=np.float32),
        duration_s=facts.duration_s,
        sample_period_s=1 / (profile.samples_per_s or 1),
        scale=models.scale,
    )
    machine = ground.machine(rules)
    grouping = group_episode(
        joined,
        people_of(machine, first_ids(machine, joined.tracks), joined.tracks),
        duration_s=ground.duration_s,
        sample_period_s=ground.sample_period_s,
        thresholds=rules,
    )
    identities = identities_document(grouping, faces, ep_id=EP_ID, run_id=RUN_ID, revision=1)
    screen_time = compute_screen_time(
        EpisodeRun(ep_id=EP_ID, run_id=RUN_ID, revision=1, duration_s=facts.duration_s),
        Seen(tracks=grouping.tracks, shots=joined.shots),
        Named(identities=identities.identities, links=[], cast_names={}),
        rules=RULES.screen_time,
        visibility=VisibilityRules(),
    )
    return Result(screen_time=screen_time, identities=identities, tracks=grouping.tracks, shots=joined.shots)


async def _analyse(
    video: Path, facts: VideoFacts, span: SegmentSpan, part: VideoPart, profile: DetectorProfile, models: Models
) -> SegmentAnalysis:
    return await analyse_segment(
        SegmentSource(
            url=str(video),
            stream_index=part.stream_index,
            origin_s=part.origin_s,
            ranges=part.ranges,
            frame_times=part.frame_times,
            pixel_stretch=part.pixel_stretch,
            ends_recording=span.end_s == part.end_s < facts.duration_s,
            start_s=span.start_s,
            end_s=span.end_s,
            duration_s=facts.duration_s,
        ),
        ep_id=EP_ID,
        segment=span.segment,
        profile=profile,
        detectors=models.detectors(profile),
        model_id=DETECTOR_ID,
        decoding=DecodingLimits(),
    )


def _embed(analysis: SegmentAnalysis, models: Models) -> EmbeddedSegment:
    rules = EmbedderThresholds()
    faces = select_faces(analysis.faces, rules.selection)
    chosen = faces_to_embed(faces)
    crops = [(CropRef.parse(face.crop).member, face.crop_points) for face in chosen]
    chips = read_chips(analysis.crops_zip, crops, chip=models.chip)
    vectors = models.embed(chips) if chosen else np.zeros((0, rules.dimension))
    return build_embedded_segment(
        tracks=analysis.tracks,
        faces=faces,
        detections=analysis.detections,
        vectors=vectors,
        model_id=EMBEDDER_ID,
        thresholds=rules.on(models.scale),
        pooling=PoolingRules().on(models.scale),
    )
