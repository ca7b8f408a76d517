"""What the API takes where a choice is to be made: as the generated client has it."""

from __future__ import annotations

from typing import Literal

from contracts.events import Profile
from screenalytics.http_client.client import ExportAppearancesExchange as Exchange
from screenalytics.http_client.client import ExportAppearancesFps as Fps
from screenalytics.http_client.client import ListEpisodesState as RunState
from screenalytics.http_client.client import ReadScreenTimeFileFileFormat as ReportForm

Form = Literal[ReportForm, Exchange]

__all__ = ["Exchange", "Form", "Fps", "Profile", "ReportForm", "RunState"]
