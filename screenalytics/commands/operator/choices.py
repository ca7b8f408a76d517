"""What the API takes where a choice is to be made: as generated from its description."""

from __future__ import annotations

from typing import Literal

from screenalytics.openapi.choices import ExportAppearancesExchange as Exchange
from screenalytics.openapi.choices import ExportAppearancesFps as Fps
from screenalytics.openapi.choices import FindEpisodesMatch as Match
from screenalytics.openapi.choices import ListEpisodesState as RunState
from screenalytics.openapi.choices import Profile
from screenalytics.openapi.choices import ReadScreenTimeFileFileFormat as ReportForm

Form = Literal[ReportForm, Exchange]

__all__ = ["Exchange", "Form", "Fps", "Match", "Profile", "ReportForm", "RunState"]
