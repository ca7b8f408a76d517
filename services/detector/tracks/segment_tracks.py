"""From the faces of analysed frames to detections and tracks: the part of the analysis that keeps state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.faces import FaceDetections, box_overlaps
from services.detector.pictures.alignment import appearance, cut_patch
from services.detector.pictures.best_crops import BestPictures, Candidate
from services.detector.pictures.quality import SHARPNESS_SIDE, rough_quality
from services.detector.pictures.squares import Square, cut_square
from services.detector.rules import DetectorProfile
from services.detector.tracks.presence import stays
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
class LostFace:
    """A track that is not in the newest frame, where its face should be, and what is there."""

    track: FaceTrack
    box: Floats
    square: Square


@dataclass(frozen=True, slots=True)
class FollowedFace:
    """A face followed through a shot: its observations in order of time, and pictures that may be kept, best first.

    `enters`, `leaves`: it comes from and goes to where it cannot be seen, within the shot.
    """

    observations: Sequence[Observation]
    candidates: Sequence[Candidate]
    enters: bool = False
    leaves: bool = False

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
        self._pictures: dict[int, BestPictures[Candidate]] = {}
        self._told: set[int] = set()
        self.frames: list[AnalysedFrame] = []

    def add(
        self,
        frame: Pixels,
        faces: FaceDetections,
        *,
        native_scale: float,
        ts_s: float,
        shot: int,
        smallest_px: float = 0.0,
    ) -> list[LostFace]:
        """Adds the next frame [H,W,3] with its faces in its pixels; returns the faces worth a closer look there.

        `native_scale` is pixels of the video for one pixel of the frame, which is reduced for very large videos. Faces
        lower than `smallest_px` were not looked for.
        """
        frame_idx = len(self.frames)
        height, width = frame.shape[:2]
        if self.frames and (self.frames[-1].width, self.frames[-1].height) != (width, height):
            self._tracker.end_shot()  # places in pictures of another shape cannot be compared
        self.frames.append(AnalysedFrame(frame_idx, ts_s, shot, width, height, ()))
        observations = self._observe(frame, faces)
        owners = self._tracker.step([face for face, _ in observations], ts_s=ts_s, shot=shot, smallest_px=smallest_px)
        for (observation, patch), track in zip(observations, owners, strict=True):
            if track is not None:
                self._offer(track, observation, frame, patch, native_scale=native_scale)
        return self._lost(frame)

    def add_closer(
        self, frame: Pixels, found: Sequence[tuple[LostFace, FaceDetections | None]], *, native_scale: float
    ) -> None:
        """Adds what closer looks at the newest frame showed."""
        for lost, faces in found:
            lost.track.closer_looks += 1
            if faces is None:
                continue
            for observation, patch in self._observe(frame, faces):
                if self._tracker.recover(lost.track, observation):
                    self._offer(lost.track, observation, frame, patch, native_scale=native_scale)

    def ended(self) -> list[FollowedFace]:
        """The tracks to which nothing is added any more since this was asked last, whole, without those that are no faces."""
        over = self._told | {track.number for track in self._tracker.open}
        ended = [track for track in self._tracker.tracks if track.number not in over]
        self._told.update(track.number for track in ended)
        return [
            FollowedFace(track.observations, self._candidates(track, track.observations[0].ts_s, track.last.ts_s))
            for track in ended
            if not is_noise(track.observations, self._profile.tracking)
        ]

    def finish(self, dissolves_s: Sequence[float]) -> list[FollowedFace]:
        """Ends the last shot; returns the tracks that are faces by start and then position, divided at dissolves."""
        self._tracker.end_shot()
        found = [
            FollowedFace(
                stay.observations,
                self._candidates(track, stay.observations[0].ts_s, stay.observations[-1].ts_s),
                stay.enters,
                stay.leaves,
            )
            for track in self._tracker.tracks
            for part in divided(track.observations, dissolves_s)
            if not is_noise(part, self._profile.tracking)
            for stay in stays(part, self.frames, self._profile.presence)
        ]
        return sorted(found, key=lambda track: (track.first.ts_s, *(float(edge) for edge in track.first.box)))

    def _observe(self, frame: Pixels, faces: FaceDetections) -> list[tuple[Observation, Pixels]]:
        """The faces as observations of the newest frame, which they are added to, each with its picture."""
        newest = self.frames[-1]
        observed: list[tuple[Observation, Pixels]] = []
        for box, score, landmarks in zip(faces.boxes, faces.scores, faces.landmarks, strict=True):
            try:
                patch = cut_patch(frame, box, side=SHARPNESS_SIDE)
            except ValueError:  # outside the picture: nothing that could be a face
                continue
            face = Observation(newest.frame_idx, newest.ts_s, box, landmarks, float(score), appearance(patch))
            observed.append((face, patch))
        self.frames[-1] = AnalysedFrame(
            newest.frame_idx,
            newest.ts_s,
            newest.shot,
            newest.width,
            newest.height,
            (*newest.observations, *(face for face, _ in observed)),
        )
        return observed

    def _lost(self, frame: Pixels) -> list[LostFace]:
        """Where a closer look may find the face of a track that is missing: inside the picture, behind nobody."""
        newest, rules = self.frames[-1], self._profile.closer
        size = np.array([newest.width, newest.height], dtype=np.float32)
        taken = np.array([face.box for face in newest.observations], dtype=np.float32).reshape(-1, 4)
        lost: list[LostFace] = []
        for track in self._tracker.missing(newest.ts_s):
            box = track.predicted_box(newest.ts_s)
            middle = (box[:2] + box[2:]) / 2
            if (
                track.closer_looks >= rules.looks_in_vain
                or len(track.observations) < self._profile.tracking.minimum_detections
                or not ((middle > 0) & (middle < size)).all()
                or box_overlaps(taken, box).max(initial=0.0) > rules.free_overlap
            ):
                continue
            lost.append(LostFace(track, box, cut_square(frame, box, margin=rules.crop_margin, largest=rules.largest)))
        return lost

    def _candidates(self, track: FaceTrack, start_s: float, end_s: float) -> list[Candidate]:
        kept = self._pictures[track.number].kept if track.number in self._pictures else []
        return [candidate for candidate in kept if start_s <= candidate.ts_s <= end_s]

    def _offer(self, track: FaceTrack, face: Observation, frame: Pixels, patch: Pixels, *, native_scale: float) -> None:
        """Keeps the face's surroundings where the track has no better picture of about that time."""
        profile = self._profile
        score = rough_quality(
            patch=patch,
            landmarks=face.landmarks,
            score=face.score,
            face_px=float(np.minimum(face.box[2] - face.box[0], face.box[3] - face.box[1])) * native_scale,
            rules=profile.quality,
        )
        pictures = self._pictures.get(track.number)
        if pictures is None:
            pictures = BestPictures(limit=profile.crops.chips_per_track, spacing_s=profile.crops.chip_spacing_s)
            self._pictures[track.number] = pictures
        if pictures.wants(face.ts_s, score):
            square = cut_square(frame, face.box, margin=profile.closer.crop_margin, largest=profile.closer.largest)
            pictures.add(Candidate(face.frame_idx, face.ts_s, score, square, native_scale))
