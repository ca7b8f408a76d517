"""The facebank's rules: which reference pictures are used and which of them a person is compared with.

Vectors are float [N, D] of unit length from one model; distances are Euclidean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chassis.domain.arrays import Floats
from chassis.domain.calibration import EmbedderCalibration
from chassis.domain.vectors import distances, few_best_mean
from contracts.rows import Box
from services.identity.rules import GalleryRules, PictureRules


@dataclass(frozen=True)
class FoundFace:
    """A face the detector found in a picture. `bbox` in fractions; `sharpness` 0..1, of its chip."""

    bbox: Box
    conf: float
    sharpness: float


@dataclass(frozen=True)
class PictureAssessment:
    """What became of a picture. `face` is the index of the face to embed, None when the picture is not used."""

    code: str
    message: str
    face: int | None = None

    @property
    def accepted(self) -> bool:
        return self.code == "ok"


def assess_picture(
    faces: Sequence[FoundFace],
    *,
    image_size: tuple[int, int],
    rules: PictureRules,
) -> PictureAssessment:
    """Decides whether a picture of `image_size` (width, height in pixels) shows one usable face.

    Codes: `ok`, `picture_without_face`, `several_faces` (unless one clearly dominates), `face_too_small`,
    `face_too_blurry`.
    """
    width, height = image_size
    areas = {
        index: (face.bbox[2] - face.bbox[0]) * width * (face.bbox[3] - face.bbox[1]) * height
        for index, face in enumerate(faces)
        if face.conf >= rules.min_confidence
    }
    if not areas:
        return PictureAssessment(
            "picture_without_face", "No face was found: use a picture that shows the face clearly."
        )
    order = sorted(areas, key=lambda index: (-areas[index], index))
    main = order[0]
    if len(order) > 1 and areas[main] < rules.dominance * areas[order[1]]:
        return PictureAssessment(
            "several_faces", f"{len(order)} faces were found: crop the picture to the one it is about."
        )
    face = faces[main]
    face_px = (face.bbox[3] - face.bbox[1]) * height
    if face_px < rules.min_face_px:
        return PictureAssessment(
            "face_too_small",
            f"The face is {face_px:.0f} pixels high: use a picture where it is at least {rules.min_face_px:.0f}.",
        )
    if face.sharpness < rules.min_sharpness:
        return PictureAssessment("face_too_blurry", "The face is too blurry: use a sharper picture.")
    return PictureAssessment("ok", "The picture is used.", main)


@dataclass(frozen=True)
class Reference:
    """One accepted picture of a cast member: its vector [D], by which model, how good the face is (0..1)."""

    picture: str
    vector: Floats
    model_id: str
    quality: float


@dataclass(frozen=True)
class Gallery:
    """What a cast member is compared with.

    `vectors` [N, D] of `model_id`; `pictures` names them in the same order, most diverse first. `duplicates` maps a
    picture to the one that stands for it; `surplus` are those beyond the cap; `problems` says which could not
    be used and why.
    """

    cast_id: str
    model_id: str
    vectors: Floats
    pictures: tuple[str, ...]
    duplicates: Mapping[str, str]
    surplus: tuple[str, ...]
    problems: tuple[str, ...]


def make_gallery(
    cast_id: str,
    references: Sequence[Reference],
    *,
    model_id: str,
    dimension: int,
    rules: GalleryRules,
) -> Gallery:
    """Builds the gallery of one cast member for comparisons with vectors of `model_id`, of `dimension` numbers.

    A reference of another model or dimension never enters it; it is named in `problems`.
    """
    usable, problems = [], []
    for reference in sorted(references, key=lambda reference: reference.picture):
        reason = vector_problem(reference.vector, reference.model_id, model_id=model_id, dimension=dimension)
        if reason is None:
            usable.append(reference)
        else:
            problems.append(f"Picture {reference.picture} of {cast_id} is not compared: {reason}.")
    vectors = np.array([reference.vector for reference in usable], dtype=np.float32).reshape(-1, dimension)
    selection = build_gallery(vectors, [reference.quality for reference in usable], cap=rules.cap, rules=rules)
    name = [reference.picture for reference in usable]
    return Gallery(
        cast_id=cast_id,
        model_id=model_id,
        vectors=vectors[list(selection.kept)],
        pictures=tuple(name[index] for index in selection.kept),
        duplicates={name[index]: name[kept] for index, kept in selection.duplicates.items()},
        surplus=tuple(name[index] for index in selection.surplus),
        problems=tuple(problems),
    )


def vector_problem(vector: npt.ArrayLike, vector_model: str | None, *, model_id: str, dimension: int) -> str | None:
    """Why a vector must not be compared with those of `model_id`; None when it may."""
    values = np.asarray(vector)
    if vector_model != model_id:
        return f"its vector is from {vector_model or 'an unknown model'}, not {model_id}"
    if values.shape != (dimension,):
        return f"its vector has shape {values.shape}, not ({dimension},)"
    if not np.isfinite(values).all() or abs(float(np.linalg.norm(values)) - 1.0) > 0.01:
        return "its vector is not of unit length"
    return None


@dataclass(frozen=True)
class Selection:
    """Indices into the vectors that were given: kept (most diverse first), duplicate -> kept one, beyond the cap."""

    kept: tuple[int, ...]
    duplicates: Mapping[int, int]
    surplus: tuple[int, ...]


def build_gallery(
    vectors: Floats,
    qualities: Sequence[float],
    *,
    cap: int = 40,
    rules: GalleryRules,
) -> Selection:
    """Chooses which of one person's vectors [N, D] to compare with.

    Of near-duplicates the best (quality 0..1) stays. Above `cap` the most diverse stay: the best picture first, then
    always the one farthest from those taken. Raises ValueError when the lengths differ or `cap` is below 1.
    """
    if len(vectors) != len(qualities):
        raise ValueError(f"{len(vectors)} vectors but {len(qualities)} qualities")
    if cap < 1:
        raise ValueError(f"cap must be at least 1, got {cap}")
    apart = distances(vectors, vectors)
    distinct: list[int] = []
    duplicates: dict[int, int] = {}
    for index in sorted(range(len(vectors)), key=lambda index: (-qualities[index], index)):
        twin = next((kept for kept in distinct if apart[index, kept] < rules.duplicate_distance), None)
        if twin is None:
            distinct.append(index)
        else:
            duplicates[index] = twin
    kept = _most_diverse(distinct, apart, cap)
    return Selection(tuple(kept), duplicates, tuple(sorted(set(distinct) - set(kept))))


def _most_diverse(candidates: Sequence[int], apart: Floats, cap: int) -> list[int]:
    """Farthest-point selection (Gonzalez, 1985), starting at the first candidate."""
    taken = list(candidates[:1])
    rest = list(candidates[1:])
    while rest and len(taken) < cap:
        farthest = max(rest, key=lambda index: (float(apart[index, taken].min()), -index))
        taken.append(farthest)
        rest.remove(farthest)
    return taken


@dataclass(frozen=True)
class Outlier:
    """A picture that looks like another cast member than the one it was given for."""

    cast_id: str
    picture: str
    resembles: str
    distance: float
    own_distance: float | None

    @property
    def message(self) -> str:
        return f"Picture {self.picture} of {self.cast_id} looks like {self.resembles}: check who it shows."


def find_outliers(
    galleries: Sequence[Gallery],
    *,
    calibration: EmbedderCalibration,
    references: int = 2,
    rules: GalleryRules,
) -> tuple[Outlier, ...]:
    """Pictures that are closer to another member's gallery than to the rest of their own.

    A member's only picture has nothing of its own to compare with: it is flagged when it shows another member with
    `alone_probability`. Pictures that are already flagged bear no witness then, so that the right one is not blamed for the
    wrong one.
    """
    vectors = {
        gallery.cast_id: dict(zip(gallery.pictures, gallery.vectors, strict=True))
        for gallery in sorted(galleries, key=lambda gallery: gallery.cast_id)
    }

    def nearest_other(cast_id: str, picture: str) -> tuple[float, str] | None:
        rivals = (
            (few_best_mean(vectors[cast_id][picture], list(others.values()), count=references), other)
            for other, others in vectors.items()
            if other != cast_id and others
        )
        return min(rivals, default=None)

    found = []
    for cast_id, pictures in vectors.items():
        for picture, vector in pictures.items():
            rest = [other for name, other in pictures.items() if name != picture]
            rival = nearest_other(cast_id, picture)
            if not rest or rival is None:
                continue
            own = few_best_mean(vector, rest, count=references)
            if rival[0] + rules.outlier_advantage < own:
                found.append(Outlier(cast_id, picture, rival[1], rival[0], own))
    alone = [cast_id for cast_id, pictures in vectors.items() if len(pictures) == 1]
    for outlier in found:
        del vectors[outlier.cast_id][outlier.picture]
    for cast_id in alone:
        (picture,) = vectors[cast_id]
        rival = nearest_other(cast_id, picture)
        if rival is not None and calibration.probability(rival[0]) > rules.alone_probability:
            found.append(Outlier(cast_id, picture, rival[1], rival[0], None))
    return tuple(sorted(found, key=lambda outlier: (outlier.cast_id, outlier.picture)))
