"""Making sure of tracks: the dearer model looks at their best pictures, which gives the landmarks that crops are cut by."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chassis.domain.faces import FaceDetections, inner_chip
from services.detector.looks.closer import look_closer
from services.detector.looks.faces import Detect
from services.detector.pictures.alignment import cut_crop
from services.detector.pictures.best_crops import Candidate, KeptPicture, best_of
from services.detector.pictures.quality import face_quality
from services.detector.rules import DetectorProfile
from services.detector.tracks.segment_tracks import FollowedFace
from services.detector.tracks.tracking import Observation, mean_score


@dataclass(frozen=True, slots=True)
class FoundTrack:
    """A face followed through a shot: its observations in order of time, and the best pictures (none in rare cases).

    `thumbnails` are those of `pictures` whose surroundings are kept for people to see. Both are best first.
    """

    observations: Sequence[Observation]
    pictures: tuple[KeptPicture, ...]
    thumbnails: tuple[KeptPicture, ...]
    enters: bool = False
    leaves: bool = False

    @property
    def first(self) -> Observation:
        return self.observations[0]

    @property
    def last(self) -> Observation:
        return self.observations[-1]


class Confirmation:
    """Looks closer at the pictures of tracks as they end: the dearer model works while the rest is decoded.

    What comes out does not depend on when a picture was looked at.
    """

    def __init__(self, check: Detect, profile: DetectorProfile) -> None:
        self._check = check
        self._profile = profile
        self._seen: dict[Candidate, FaceDetections | None] = {}
        self._looking: list[asyncio.Task[None]] = []

    def begin(self, ended: Sequence[FollowedFace]) -> None:
        """Starts to look at tracks to which nothing is added any more."""
        if ended:
            self._looking.append(asyncio.create_task(self._look(ended)))

    async def confirm(self, followed: Sequence[FollowedFace]) -> list[FoundTrack]:
        """The tracks with their pictures; not those in which the dearer model sees no face and the cheap one hardly one.

        Raises what `check` raises, also what it raised before.
        """
        await asyncio.gather(*self._looking)
        await self._look(followed)
        answers = [[self._seen[candidate] for candidate in track.candidates] for track in followed]
        return await asyncio.to_thread(_found, followed, answers, self._profile)

    async def cancel(self) -> None:
        """Leaves what is not looked at yet; nothing runs on."""
        for looking in self._looking:
            looking.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)

    async def _look(self, tracks: Sequence[FollowedFace]) -> None:
        new = [pair for track in tracks for pair in _with_faces(track) if pair[0] not in self._seen]
        squares, boxes = [candidate.square for candidate, _ in new], [face.box for _, face in new]
        closer = await look_closer(squares, boxes, self._check, self._profile.closer)
        self._seen.update(zip((candidate for candidate, _ in new), closer, strict=True))


def _found(
    followed: Sequence[FollowedFace], answers: Sequence[Sequence[FaceDetections | None]], profile: DetectorProfile
) -> list[FoundTrack]:
    found: list[FoundTrack] = []
    for track, faces in zip(followed, answers, strict=True):
        seen = list(zip(_with_faces(track), faces, strict=True))
        pictures = [
            picture
            for (candidate, face), faces_there in seen
            if faces_there is not None and (picture := _picture(candidate, face, faces_there, profile)) is not None
        ]
        if not pictures:
            if mean_score(track.observations) < profile.tracking.unconfirmed_score:
                continue
            pictures = [
                picture
                for (candidate, face), _ in seen[:1]
                if (picture := _picture(candidate, face, _as_the_cheap_model_saw(face), profile)) is not None
            ]
        crops = profile.crops
        pictures.sort(key=lambda picture: (-picture.score, picture.ts_s))
        thumbnails = best_of(pictures, limit=crops.thumbnails_per_track, spacing_s=crops.thumbnail_spacing_s)
        found.append(FoundTrack(track.observations, tuple(pictures), thumbnails, track.enters, track.leaves))
    return found


def _with_faces(track: FollowedFace) -> Iterator[tuple[Candidate, Observation]]:
    """The candidates with the observations they are of."""
    by_frame = {face.frame_idx: face for face in track.observations}
    for candidate in track.candidates:
        yield candidate, by_frame[candidate.frame_idx]


def _as_the_cheap_model_saw(face: Observation) -> FaceDetections:
    """Score 0, so that nobody takes the landmarks for good ones."""
    return FaceDetections(face.box[None], np.zeros(1, dtype=np.float32), face.landmarks[None])


def _picture(
    candidate: Candidate, face: Observation, closer: FaceDetections, profile: DetectorProfile
) -> KeptPicture | None:
    """The aligned crop and its quality by what was seen from close by; None where the landmarks are all at one place."""
    landmarks, score, square = closer.landmarks[0], float(closer.scores[0]), candidate.square
    try:
        crop, points = cut_crop(square.picture, square.from_frame(landmarks))
    except ValueError:
        return None
    sides = closer.boxes[0][2:] - closer.boxes[0][:2]
    quality = face_quality(
        chip=inner_chip(crop),
        landmarks=landmarks,
        score=score,
        face_px=float(sides.min()) * candidate.native_scale,
        rules=profile.quality,
    )
    return KeptPicture(face.frame_idx, face.ts_s, quality, crop, landmarks, score, square.picture, points)
