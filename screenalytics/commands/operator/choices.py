"""What the API takes where a choice is to be made."""

from __future__ import annotations

from typing import Literal

RunState = Literal["requested", "running", "finished", "failed", "cancelled", "superseded"]
Profile = Literal["low_power", "balanced", "high_accuracy"]
Form = Literal[
    "json",
    "csv",
    "parquet",
    "html",
    "edl",
    "marker-edl",
    "fcpxml",
    "fcp7",
    "otio",
    "avid-markers",
    "webvtt",
    "ttml",
    "eaf",
    "tidy",
    "iptc",
    "ebucore",
]
Fps = Literal["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"]
