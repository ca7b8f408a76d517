"""Reference pictures among each other: which are compared with, doubled, or look like somebody else."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.domain.calibration import EmbedderCalibration, scale_of
from contracts.events import PictureVerdict
from services.identity.facebank.cast import Picture
from services.identity.facebank.gallery import Reference, find_outliers, make_gallery
from services.identity.rules import IdentityThresholds


class PictureQuality:
    """How a show's pictures stand among each other: which are compared with, doubled, or look like somebody else."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        *,
        model_id: str,
        dimension: int,
        calibration: EmbedderCalibration | None,
        rules: IdentityThresholds,
    ) -> None:
        references: dict[str, list[Reference]] = {}
        for picture in pictures:
            if picture.resting:
                continue
            references.setdefault(picture.cast_id, []).append(picture.reference)
        picture_rules = rules.gallery.on(scale_of(calibration))
        galleries = [
            make_gallery(cast_id, members, model_id=model_id, dimension=dimension, rules=picture_rules)
            for cast_id, members in sorted(references.items())
        ]
        self._used = {(gallery.cast_id, picture) for gallery in galleries for picture in gallery.pictures}
        self._twins = {
            (gallery.cast_id, picture): twin for gallery in galleries for picture, twin in gallery.duplicates.items()
        }
        outliers = (
            find_outliers(galleries, calibration=calibration, references=rules.link.references, rules=picture_rules)
            if calibration is not None
            else ()
        )
        self._resembles = {(outlier.cast_id, outlier.picture): outlier.resembles for outlier in outliers}

    def is_used(self, cast_id: str, picture: str) -> bool:
        """Whether identities are compared with it."""
        return (cast_id, picture) in self._used

    def duplicate_of(self, cast_id: str, picture: str) -> str | None:
        """The picture that stands for it."""
        return self._twins.get((cast_id, picture))

    def resembles(self, cast_id: str, picture: str) -> str | None:
        """The member it looks like rather than its own."""
        return self._resembles.get((cast_id, picture))

    def verdict(self, verdict: PictureVerdict, picture: Picture, names: dict[str, str]) -> PictureVerdict:
        """The verdict on an accepted picture, seen among the others."""
        name = picture.reference.picture
        other, twin = self.resembles(picture.cast_id, name), self.duplicate_of(picture.cast_id, name)
        if other is not None:
            message = f"The picture is kept, but looks like {names.get(other, other)}: check who it shows."
            return verdict.model_copy(update={"code": "looks_like_another", "message": message})
        if twin is not None:
            message = f"The picture is kept, but adds nothing: it is nearly the same as {twin}."
            return verdict.model_copy(update={"code": "near_duplicate", "message": message})
        return verdict
