"""Settings of the identity stage."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chassis.settings import ChassisSettings, StreamSettings
from services.identity.rules import IdentityThresholds


class FacebankSettings(BaseModel):
    analysed_side_px: int = Field(default=640, ge=64, description="Long side of a reference picture as analysed.")
    max_picture_bytes: int = Field(default=20 * 2**20, ge=1024, description="Largest picture file.")
    pictures_at_once: int = Field(default=2, ge=1, description="Pictures decoded at the same time, by all requests.")
    require_consent: bool = Field(
        default=False, description="Take and compare pictures only of members for whom a legal basis is recorded."
    )
    min_score: float = Field(default=0.4, ge=0, le=1, description="Fainter detections are ignored.")
    max_overlap: float = Field(default=0.4, ge=0, le=1, description="Of boxes that overlap more the best one stays.")
    second_look_below: float = Field(
        default=0.6, ge=0, le=1, description="A picture without a surer face is looked at again at half its size."
    )


class ErasureSettings(BaseModel):
    """Removing what is kept of a person."""

    every_s: float = Field(default=1.0, gt=0)
    again_s: float = Field(default=5.0, gt=0, description="When an episode is looked at again that is not done yet.")
    second_pass_s: float = Field(
        default=60.0, gt=0, description="After the first: what busy workers wrote meanwhile is removed then."
    )


class IdentitySettings(ChassisSettings):
    recognition: IdentityThresholds = Field(default_factory=IdentityThresholds)
    facebank: FacebankSettings = Field(default_factory=FacebankSettings)
    erasure: ErasureSettings = Field(default_factory=ErasureSettings)
    changes: StreamSettings = Field(default_factory=StreamSettings, description="Event streams of changes.")
    representatives: int = Field(default=4, ge=1, le=20, description="Representative frames kept per identity.")
