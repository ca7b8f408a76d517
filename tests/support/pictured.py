"""Faces, their pictures and detections for tracks that are colours: what the detector and the embedder would leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chassis.domain.crop_archive import chip_member, encode_jpeg, pack_crops, thumbnail_member
from chassis.s3.artifacts import ArtifactFolder
from chassis.s3.storage import Storage
from contracts.ids import face_id
from contracts.rows import DetectionRow, FaceQuality, FaceRow, TrackRow

FRAMES_APART = 10
SIDE_PX = 200


async def picture_tracks(
    storage: Storage, ep_id: str, run_id: str, tracks: Sequence[tuple[TrackRow, tuple[int, int, int]]], *, each: int
) -> list[FaceRow]:
    """`each` faces of every track, spread over its time, with pictures of its colour in an archive of the bucket."""
    pictures: dict[str, bytes] = {}
    for number, (track, colour) in enumerate(tracks):
        noise = np.random.default_rng(number).integers(-20, 21, size=(SIDE_PX, SIDE_PX, 1))
        pixels = np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)
        for place in range(each):
            for member in (chip_member, thumbnail_member):
                shifted = np.roll(pixels, place, axis=0)
                pictures[member(track.track_id, place * FRAMES_APART)] = encode_jpeg(shifted, quality=90)
    folder = ArtifactFolder(storage, "segments", ep_id, run_id, "00000")
    ref = await folder.put("crops.zip", pack_crops(pictures.items()))
    return [
        FaceRow(
            ep_id=ep_id,
            segment=0,
            face_id=face_id(track.track_id, place * FRAMES_APART),
            track_id=track.track_id,
            frame_idx=place * FRAMES_APART,
            ts_s=track.start_s + (track.end_s - track.start_s) * (place + 0.5) / each,
            bbox=track.first_bbox,
            landmarks=(0.45, 0.3, 0.55, 0.3, 0.5, 0.35, 0.46, 0.42, 0.54, 0.42),
            conf=0.9,
            quality=FaceQuality(
                score=0.9 - 0.1 * place, confidence=0.9, size=0.5, sharpness=0.5, contrast=0.5, frontality=0.5
            ),
            crop=f"{ref.uri}#{chip_member(track.track_id, place * FRAMES_APART)}",
            thumbnail=f"{ref.uri}#{thumbnail_member(track.track_id, place * FRAMES_APART)}",
            embedding_row=number * each + place,
            model_id=track.model_id,
        )
        for number, (track, _) in enumerate(tracks)
        for place in range(each)
    ]


def detect_tracks(tracks: Sequence[TrackRow], *, every_s: float = 0.5) -> list[DetectionRow]:
    """A detection of every track each half second, its box moving from the first to the last."""
    found = []
    for track in tracks:
        for number, when in enumerate(np.arange(track.start_s, track.end_s, every_s)):
            share = (when - track.start_s) / (track.end_s - track.start_s)
            box = tuple(
                float(first + share * (last - first))
                for first, last in zip(track.first_bbox, track.last_bbox, strict=True)
            )
            found.append(
                DetectionRow(
                    ep_id=track.ep_id,
                    segment=0,
                    frame_idx=number,
                    ts_s=float(when),
                    bbox=(box[0], box[1], box[2], box[3]),
                    landmarks=(0.45, 0.3, 0.55, 0.3, 0.5, 0.35, 0.46, 0.42, 0.54, 0.42),
                    conf=0.9,
                    track_id=track.track_id,
                    model_id="squares",
                )
            )
    return found
