"""From the faces of analysed frames to detections, tracks and pictures: the part of the analysis that keeps state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections
from services.detector.pictures.alignment import appearance, cut_chip
from services.detector.pictures.best_crops import KeptPictures, TrackPictures, pictures_between
from services.detector.pictures.quality import face_quality
from services.detector.rules import DetectorProfile
from services.detector.tracks.tracking import FaceTrack, FaceTracker, Observation, divided, is_noise

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class AnalysedFrame:
    """A frame that was looked at: its number in the segment, its time, its shot, its size and what was found."""

    frame_idx: int
    ts_s: float
    shot: int
    width: int
    height: int
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class FoundTrack:
    """A face followed through a shot: its observations in order of time, and the best pictures (none in rare cases)."""

    observations: Sequence[Observation]
    pictures: KeptPictures

    @property
    def first(self) -> Observation:
        return self.observations[0]

    @property
    def last(self) -> Observation:
        return self.observations[-1]


class SegmentTracker:
    """Takes the analysed frames of a segment in order, keeping the best pictures, so that frames can go at once."""

    def __init__(self, profile: DetectorProfile) -> None:
        self._profile = profile
        self._tracker = FaceTracker(profile.tracking)
        self._pictures: dict[int, TrackPictures] = {}
        self.frames: list[AnalysedFrame] = []

    def add(self, frame: Pixels, faces: FaceDetections, *, native_scale: float, ts_s: float, shot: int) -> None:
        """Adds the next frame [H,W,3] with its faces in its pixels.

        `native_scale` is pixels of the video for one pixel of the frame, which is reduced for very large videos.
        """
        frame_idx = len(self.frames)
        observations: list[Observation] = []
        chips: list[Pixels] = []
        for box, score, landmarks in zip(faces.boxes, faces.scores, faces.landmarks, strict=True):
            try:
                chip = cut_chip(frame, landmarks)
            except ValueError:  # landmarks all at one place: nothing that could be a face
                continue
            chips.append(chip)
            observations.append(Observation(frame_idx, ts_s, box, landmarks, float(score), appearance(chip)))
        height, width = frame.shape[:2]
        if self.frames and (self.frames[-1].width, self.frames[-1].height) != (width, height):
            self._tracker.end_shot()  # places in pictures of another shape cannot be compared
        owners = self._tracker.step(observations, ts_s=ts_s, shot=shot)
        for observation, chip, track in zip(observations, chips, owners, strict=True):
            if track is not None:
                self._offer(track, observation, frame, chip, native_scale=native_scale)
        self.frames.append(AnalysedFrame(frame_idx, ts_s, shot, width, height, tuple(observations)))

    def finish(self, dissolves_s: Sequence[float]) -> list[FoundTrack]:
        """Ends the last shot; returns the tracks that are faces by start and then position, divided at dissolves."""
        self._tracker.end_shot()
        found = [
            FoundTrack(part, pictures_between(self._pictures[track.number], part[0].ts_s, part[-1].ts_s))
            for track in self._tracker.tracks
            for part in divided(track.observations, dissolves_s)
            if not is_noise(part, self._profile.tracking)
        ]
        return sorted(found, key=lambda track: (track.first.ts_s, *(float(edge) for edge in track.first.box)))

    def _offer(
        self,
        track: FaceTrack,
        face: Observation,
        frame: Pixels,
        chip: Pixels,
        *,
        native_scale: float,
    ) -> None:
        quality = face_quality(
            chip=chip,
            landmarks=face.landmarks,
            score=face.score,
            face_px=float(np.minimum(face.box[2] - face.box[0], face.box[3] - face.box[1])) * native_scale,
            rules=self._profile.quality,
        )
        pictures = self._pictures.setdefault(track.number, TrackPictures(self._profile.crops))
        pictures.add(frame_idx=face.frame_idx, ts_s=face.ts_s, quality=quality, chip=chip, frame=frame, box=face.box)
