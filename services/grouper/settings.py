"""Settings of the grouper stage."""

from __future__ import annotations

from pydantic import Field

from chassis.settings import ChassisSettings
from services.grouper.rules import GrouperThresholds


class GrouperSettings(ChassisSettings):
    grouping: GrouperThresholds = Field(default_factory=GrouperThresholds)
