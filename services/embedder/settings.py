"""Settings of the embedder stage."""

from __future__ import annotations

from pydantic import Field

from chassis.domain.pooling import PoolingRules
from chassis.settings import ChassisSettings
from services.embedder.rules import EmbedderThresholds


class EmbedderSettings(ChassisSettings):
    pooling: PoolingRules = Field(
        default_factory=PoolingRules, description="The grouper's as well: it pools what it cuts."
    )
    embedding: EmbedderThresholds = Field(default_factory=EmbedderThresholds)
