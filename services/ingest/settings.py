"""Settings of the ingest stage."""

from __future__ import annotations

from pydantic import BaseModel, Field

from chassis.settings import ChassisSettings, DecodingLimits, StreamSettings
from services.ingest.video.probing import IngestLimits


class PlanningSettings(BaseModel):
    segment_s: float = Field(default=20.0, gt=1, description="Aimed length of a segment; borders are keyframes.")


class ReconcilerSettings(BaseModel):
    """When a run counts as stalled and how it is moved on."""

    every_s: float = Field(default=5.0, gt=0)
    stalled_after_s: float = Field(default=60.0, gt=0)
    batch: int = Field(default=100, ge=1, description="Segments emitted again in one sweep of a run.")


class UploadSettings(BaseModel):
    """Videos that come in parts."""

    largest_bytes: int = Field(default=200 * 2**30, ge=1)
    part_bytes: int = Field(default=16 * 2**20, ge=5 * 2**20, description="Of a part; S3 takes none below 5 MiB.")
    urls_at_once: int = Field(default=100, ge=1, le=1000)
    url_seconds: int = Field(default=3600, ge=60, le=7 * 24 * 3600, description="How long a part's URL is good for.")
    forgotten_after_s: float = Field(
        default=7 * 24 * 3600.0, gt=0, description="When an upload that was not completed is thrown away."
    )


class ProxySettings(BaseModel):
    """Copies of videos that browsers do not play."""

    every_s: float = Field(default=1.0, gt=0, description="How often somebody looks whether one was asked for.")
    cpu_s_per_s: float = Field(
        default=8.0, gt=0, description="Processor seconds that a second of video may take, and two minutes more."
    )

    def cpu_s(self, duration_s: float) -> int:
        """Processor seconds that the proxy of a video may take."""
        return 120 + round(self.cpu_s_per_s * duration_s)


class DeletionSettings(BaseModel):
    """Removing what deleted episodes leave."""

    every_s: float = Field(default=1.0, gt=0)
    second_pass_s: float = Field(
        default=60.0, gt=0, description="After the deletion: what busy workers wrote meanwhile is removed then."
    )


class IngestSettings(ChassisSettings):
    limits: IngestLimits = Field(default_factory=IngestLimits)
    planning: PlanningSettings = Field(default_factory=PlanningSettings)
    reconciler: ReconcilerSettings = Field(default_factory=ReconcilerSettings)
    uploads: UploadSettings = Field(default_factory=UploadSettings)
    progress: StreamSettings = Field(default_factory=StreamSettings, description="Event streams of progress.")
    proxies: ProxySettings = Field(default_factory=ProxySettings)
    deletion: DeletionSettings = Field(default_factory=DeletionSettings)

    @property
    def probing(self) -> DecodingLimits:
        """What looking at one upload may take: less computing than decoding, because other uploads wait for it."""
        return self.decoding.model_copy(update={"cpu_s": min(self.decoding.cpu_s, self.limits.probe_cpu_s)})
