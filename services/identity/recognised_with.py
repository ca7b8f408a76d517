"""The models that a run was recognised with."""

from __future__ import annotations

from pydantic import BaseModel

from chassis.domain.calibration import EmbedderCalibration, PersonCalibration


class RecognisedWith(BaseModel):
    """The models a run was recognised with, so that later revisions and reads need no inference server."""

    models: dict[str, str]
    dimension: int
    model_id: str
    midpoint: float | None = None
    scale: float | None = None
    people: PersonCalibration | None = None

    @property
    def calibration(self) -> EmbedderCalibration | None:
        if self.midpoint is None or self.scale is None:
            return None
        return EmbedderCalibration(
            model_id=self.model_id, midpoint=self.midpoint, scale=self.scale, measured=self.people
        )
