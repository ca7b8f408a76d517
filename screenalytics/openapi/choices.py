"""Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit."""

from typing import Literal

Profile = Literal["low_power", "balanced", "high_accuracy"]
ExportAppearancesExchange = Literal[
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
    "coco",
    "mot",
]
ExportAppearancesFps = Literal["23.976", "24", "25", "29.97", "30", "50", "59.94", "60"]
ExportAppearancesCues = Literal["names", "json"]
FindEpisodesMatch = Literal["together", "any"]
ListClustersSort = Literal["identity_id", "seconds"]
ListEpisodesState = Literal["requested", "running", "finished", "failed", "cancelled", "superseded"]
ListEpisodesSort = Literal["updated", "air_date", "ep_id"]
ListIdentitiesState = Literal["all", "linked", "unidentified"]
ListPeopleState = Literal["all", "linked", "unidentified"]
ListWebhookDeliveriesState = Literal["waiting", "delivered", "dead"]
ReadScreenTimeFileFileFormat = Literal["json", "csv", "parquet", "html"]
