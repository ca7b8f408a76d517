"""Settings of the grouper stage."""

from __future__ import annotations

from pydantic import Field

from chassis.domain.pooling import PoolingRules
from chassis.settings import ChassisSettings
from services.grouper.rules import GrouperThresholds


class GrouperSettings(ChassisSettings):
    pooling: PoolingRules = Field(default_factory=PoolingRules, description="The embedder's as well: for cut tracks.")
    grouping: GrouperThresholds = Field(default_factory=GrouperThresholds)
