"""Settings of the identity stage."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chassis.settings import ChassisSettings
from services.identity.rules import IdentityThresholds


class FacebankSettings(BaseModel):
    analysed_side_px: int = Field(default=640, ge=64, description="Long side of a reference picture as analysed.")
    max_picture_bytes: int = Field(default=20 * 2**20, ge=1024, description="Largest picture file.")
    pictures_at_once: int = Field(default=2, ge=1, description="Pictures decoded at the same time, by all requests.")
    min_score: float = Field(default=0.4, ge=0, le=1, description="Fainter detections are ignored.")
    max_overlap: float = Field(default=0.4, ge=0, le=1, description="Of boxes that overlap more the best one stays.")
    second_look_below: float = Field(
        default=0.6, ge=0, le=1, description="A picture without a surer face is looked at again at half its size."
    )


class IdentitySettings(ChassisSettings):
    recognition: IdentityThresholds = Field(default_factory=IdentityThresholds)
    facebank: FacebankSettings = Field(default_factory=FacebankSettings)
    representatives: int = Field(default=4, ge=1, le=20, description="Representative frames kept per identity.")
