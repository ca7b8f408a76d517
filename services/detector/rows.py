"""Writing what was found in a segment as manifest rows and one archive of pictures."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from chassis.domain.crop_archive import chip_member, encode_jpeg, pack_crops, thumbnail_member
from contracts.crops import CropRef
from contracts.ids import face_id, shot_id, track_id
from contracts.rows import Boundary, Box, DetectionRow, FaceRow, Landmarks, ShotRow, TrackRow
from services.detector.pictures.best_crops import KeptPicture
from services.detector.pictures.change import picture_change
from services.detector.rules import DetectorProfile
from services.detector.shots.looks import Looks
from services.detector.tracks.confirmation import FoundTrack
from services.detector.tracks.segment_tracks import AnalysedFrame
from services.detector.tracks.spans import track_span
from services.detector.tracks.tracking import Observation, mean_score

Floats = npt.NDArray[np.float32]

FRACTION_DIGITS = 5
TIME_DIGITS = 6
SCORE_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRows:
    """The rows of a segment and its archive of pictures."""

    detections: tuple[DetectionRow, ...]
    shots: tuple[ShotRow, ...]
    tracks: tuple[TrackRow, ...]
    faces: tuple[FaceRow, ...]
    crops_zip: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RowWriter:
    """What the rows of one segment have in common. `cuts_s` are the times of the cuts inside it."""

    ep_id: str
    segment: int
    model_id: str
    profile: DetectorProfile
    start_s: float
    end_s: float
    is_last: bool
    cuts_s: tuple[float, ...]
    cut_at_end: bool
    looks: Looks

    def write(self, frames: Sequence[AnalysedFrame], found: Sequence[FoundTrack]) -> SegmentRows:
        """Rows of the analysed frames and of the tracks found in them."""
        shots = self._shots()
        files: dict[str, bytes] = {}
        tracks: list[TrackRow] = []
        faces: list[FaceRow] = []
        owners: dict[Observation, str] = {}
        for number, track in enumerate(found):
            name = track_id(self.segment, number)
            owners.update(dict.fromkeys(track.observations, name))
            thumbnails = self._pack_thumbnails(name, track, files)
            sampled = [
                self._face(name, track, chip, frames[chip.frame_idx], thumbnails.get(chip.frame_idx), files)
                for chip in track.pictures
            ]
            faces.extend(sampled)
            tracks.append(self._track(name, track, sampled, shots, frames))
        return SegmentRows(
            detections=tuple(
                self._detection(frame, observation, owners.get(observation))
                for frame in frames
                for observation in frame.observations
            ),
            shots=shots,
            tracks=tuple(tracks),
            faces=tuple(faces),
            crops_zip=pack_crops(files.items()),
        )

    def _shots(self) -> tuple[ShotRow, ...]:
        borders = [self.start_s, *self.cuts_s, self.end_s]
        last = len(borders) - 2
        opening: Boundary = "start" if self.start_s <= 0 else "segment"
        closing: Boundary = "end" if self.is_last else "cut" if self.cut_at_end else "segment"
        return tuple(
            ShotRow(
                shot_id=shot_id(self.segment, number),
                segment=self.segment,
                start_s=_seconds(start),
                end_s=_seconds(end),
                starts_with=opening if number == 0 else "cut",
                ends_with=closing if number == last else "cut",
                looks=self.looks.between(start, end),
            )
            for number, (start, end) in enumerate(pairwise(borders))
        )

    def _detection(self, frame: AnalysedFrame, face: Observation, track: str | None) -> DetectionRow:
        return DetectionRow(
            ep_id=self.ep_id,
            segment=self.segment,
            frame_idx=face.frame_idx,
            ts_s=_seconds(face.ts_s),
            bbox=_box(face, frame),
            landmarks=_landmarks(face.landmarks, frame),
            conf=_score(face.score),
            track_id=track,
            model_id=self.model_id,
        )

    def _pack_thumbnails(self, name: str, track: FoundTrack, files: dict[str, bytes]) -> dict[int, str]:
        """Adds a track's thumbnails to the archive; returns their addresses by frame."""
        quality = self.profile.crops.thumbnail_jpeg_quality
        addresses: dict[int, str] = {}
        for thumbnail in track.thumbnails:
            member = thumbnail_member(name, thumbnail.frame_idx)
            files[member] = encode_jpeg(thumbnail.surroundings, quality=quality)
            addresses[thumbnail.frame_idx] = str(CropRef("", member))
        return addresses

    def _face(
        self,
        name: str,
        track: FoundTrack,
        chip: KeptPicture,
        frame: AnalysedFrame,
        thumbnail: str | None,
        files: dict[str, bytes],
    ) -> FaceRow:
        """The row of a kept chip, which is added to the archive."""
        member = chip_member(name, chip.frame_idx)
        files[member] = encode_jpeg(chip.picture, quality=self.profile.crops.chip_jpeg_quality)
        face = next(observation for observation in track.observations if observation.frame_idx == chip.frame_idx)
        return FaceRow(
            ep_id=self.ep_id,
            segment=self.segment,
            face_id=face_id(name, chip.frame_idx),
            track_id=name,
            frame_idx=chip.frame_idx,
            ts_s=_seconds(chip.ts_s),
            bbox=_box(face, frame),
            landmarks=_landmarks(chip.landmarks, frame),
            conf=_score(chip.conf or face.score),
            quality=chip.quality,
            crop=str(CropRef("", member)),
            crop_points=_ten([round(float(value), 2) for value in chip.points]),
            thumbnail=thumbnail,
        )

    def _track(
        self,
        name: str,
        track: FoundTrack,
        faces: list[FaceRow],
        shots: tuple[ShotRow, ...],
        frames: Sequence[AnalysedFrame],
    ) -> TrackRow:
        first, last = track.first, track.last
        shot_number = bisect_right(self.cuts_s, first.ts_s)
        shot = shots[shot_number]
        rate = self.profile.samples_per_s
        samples_s = [frame.ts_s for frame in frames if bisect_right(self.cuts_s, frame.ts_s) == shot_number]
        start_s, end_s = track_span(
            first.ts_s,
            last.ts_s,
            shot=(shot.start_s, shot.end_s),
            samples_s=samples_s,
            period_s=1 / rate if rate else self.profile.tracking.snap_s,
            snap_s=self.profile.tracking.snap_s if rate is None else 1 / rate,
        )
        boxes = [_box(observation, frames[observation.frame_idx]) for observation in track.observations]
        return TrackRow(
            ep_id=self.ep_id,
            segment=self.segment,
            track_id=name,
            shot_id=shot.shot_id,
            start_s=_seconds(start_s),
            end_s=_seconds(end_s),
            first_frame=first.frame_idx,
            last_frame=last.frame_idx,
            first_bbox=boxes[0],
            last_bbox=boxes[-1],
            detections=len(track.observations),
            mean_conf=_score(mean_score(track.observations)),
            mean_size=round(sum(box[3] - box[1] for box in boxes) / len(boxes), FRACTION_DIGITS),
            quality=_score(sum(face.quality.score for face in faces) / max(1, len(faces))),
            mean_area=round(min(1.0, _mean(_area(box) for box in boxes)), FRACTION_DIGITS),
            centrality=_score(_mean(_centrality(box) for box in boxes)),
            sharpness=_score(_mean(face.quality.sharpness for face in faces)) if faces else None,
            change=picture_change([chip.picture for chip in sorted(track.pictures, key=lambda chip: chip.ts_s)]),
            enters=track.enters,
            leaves=track.leaves,
            crops=tuple(face.crop for face in faces),
            representative=faces[0].face_id if faces else None,
        )


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / max(1, len(found))


def _area(box: Box) -> float:
    """Share of the picture that the part of a box inside it takes."""
    left, top, right, bottom = (min(1.0, max(0.0, edge)) for edge in box)
    return (right - left) * (bottom - top)


def _centrality(box: Box) -> float:
    """1 where a box lies in the middle of the picture, 0 in a corner or outside."""
    across, down = box[0] + box[2] - 1, box[1] + box[3] - 1
    return max(0.0, 1 - math.hypot(across, down) / math.sqrt(2))


def _seconds(value: float) -> float:
    return max(0.0, round(value, TIME_DIGITS))


def _score(value: float) -> float:
    return min(1.0, max(0.0, round(value, SCORE_DIGITS)))


def _fractions(values: Floats, frame: AnalysedFrame) -> tuple[float, ...]:
    """Pixels to fractions of the frame's width and height."""
    sizes = (frame.width, frame.height)
    return tuple(round(float(value) / sizes[position % 2], FRACTION_DIGITS) for position, value in enumerate(values))


def _box(face: Observation, frame: AnalysedFrame) -> Box:
    left, top, right, bottom = _fractions(face.box, frame)
    return left, top, right, bottom


def _landmarks(points: Floats, frame: AnalysedFrame) -> Landmarks:
    return _ten(_fractions(points, frame))


def _ten(numbers: Sequence[float]) -> Landmarks:
    a, b, c, d, e, f, g, h, i, j = numbers
    return a, b, c, d, e, f, g, h, i, j
