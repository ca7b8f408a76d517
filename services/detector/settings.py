"""Settings of the detector stage: the numbers of each profile."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ChassisSettings, DecodingLimits
from chassis.video.reading import Device
from services.detector.rules import DetectorProfiles


class DetectorSettings(ChassisSettings):
    profiles: DetectorProfiles = Field(default_factory=DetectorProfiles)
    decode_on: Device = Field(
        default="cpu", description="cuda: an NVIDIA GPU's decoder, and the processor for what that cannot do."
    )

    @property
    def decoding_there(self) -> DecodingLimits:
        """What a child that decodes may take on that device."""
        return self.decoding.model_copy(
            update={"bounds_addresses": self.decoding.bounds_addresses and self.decode_on == "cpu"}
        )
