"""Settings of the ingest stage."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chassis.settings import ChassisSettings
from services.ingest.probing import IngestLimits


class PlanningSettings(BaseModel):
    segment_s: float = Field(default=20.0, gt=1, description="Aimed length of a segment; borders are keyframes.")


class ReconcilerSettings(BaseModel):
    """When a run counts as stalled and how it is moved on."""

    every_s: float = Field(default=5.0, gt=0)
    stalled_after_s: float = Field(default=60.0, gt=0)
    batch: int = Field(default=100, ge=1, description="Segments emitted again in one sweep of a run.")


class IngestSettings(ChassisSettings):
    limits: IngestLimits = Field(default_factory=IngestLimits)
    planning: PlanningSettings = Field(default_factory=PlanningSettings)
    reconciler: ReconcilerSettings = Field(default_factory=ReconcilerSettings)
