"""Settings of the detector stage: the numbers of each profile."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ChassisSettings
from services.detector.rules import DetectorProfiles


class DetectorSettings(ChassisSettings):
    profiles: DetectorProfiles = Field(default_factory=DetectorProfiles)
