"""Every number the embedder's rules use, once. Distances are reference distances (`chassis.domain.calibration`)."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from chassis.domain.calibration import DistanceScale


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SelectionRules(_Rules):
    """Which crops of a track are embedded. The gates compare with the parts of `FaceQuality`, each 0..1.

    Measured with dlib's ResNet: faces are still told apart down to 20 px, at a luma deviation of 4 and behind a blur of
    4 px in the 150 px chip; beyond that they resemble each other more than themselves. The gates are for those only:
    a darkened face has little contrast and is still known.
    """

    faces_per_track: int = Field(default=9, ge=1)
    spacing_s: float = Field(default=0.12, ge=0, description="Faces nearer in time than this say the same twice.")
    enough_faces: int = Field(default=6, ge=1, description="With fewer spaced faces, near ones are taken as well.")
    min_confidence: float = Field(default=0.2, ge=0, le=1)
    min_size: float = Field(default=0.04, ge=0, le=1)
    min_sharpness: float = Field(default=0.1, ge=0, le=1)
    min_contrast: float = Field(default=0.02, ge=0, le=1)
    min_frontality: float = Field(default=0.1, ge=0, le=1)


class SplitRules(_Rules):
    """When a track shows two people, one after the other."""

    min_samples: int = Field(default=3, ge=2, description="Samples on either side of a change.")
    min_distance: float = Field(default=0.36, gt=0, description="Between the prototypes of the two sides.")
    min_separation: float = Field(
        default=2.0, gt=1, description="Distance of the sides over their mean spread: two coherent halves."
    )
    min_gap: float = Field(
        default=0.3, gt=0, description="Between the samples on the two edges of a change: a turning head has none."
    )

    def on(self, scale: DistanceScale) -> Self:
        """The same for vectors of another model."""
        return self.model_copy(
            update={"min_distance": scale.near(self.min_distance), "min_gap": scale.near(self.min_gap)}
        )


class EmbedderThresholds(_Rules):
    """All of them, for the model named here (None: whichever model is served)."""

    model_id: str | None = Field(default=None, description="The embedder these distances were measured with.")
    dimension: int = Field(default=128, ge=2)
    selection: SelectionRules = SelectionRules()
    split: SplitRules = SplitRules()

    def on(self, scale: DistanceScale) -> Self:
        """The same for vectors of another model."""
        return self.model_copy(update={"split": self.split.on(scale)})
