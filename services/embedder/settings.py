"""Settings of the embedder stage."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ChassisSettings
from services.embedder.rules import EmbedderThresholds


class EmbedderSettings(ChassisSettings):
    embedding: EmbedderThresholds = Field(default_factory=EmbedderThresholds)
