"""Every event, one class each. `EVENTS` maps a CloudEvents type to its class.

An event's `key` decides the partition: segment work spreads (`ep_id/segment`), everything that must stay in order for
an episode uses `ep_id`. Its `event_id` is derived from what it says, so the same work always emits the same id.
"""

from __future__ import annotations

from typing import Any

from contracts.events.base import SERVICES, STAGES, EpisodeEvent, Event, Profile, SegmentEvent, Service, Stage
from contracts.events.cast import (
    CastChanged,
    CastDescribed,
    CastPictures,
    CastUploaded,
    FacebankUpdated,
    PictureVerdict,
    ShowDeleted,
)
from contracts.events.corrections import ClustersEdited, LinksChanged
from contracts.events.episodes import EpisodeChanged, EpisodeDeleted, EpisodeUploaded
from contracts.events.erasure import PersonErased, TracksErased
from contracts.events.results import (
    CastLinked,
    EpisodeGrouped,
    ReportRequested,
    ScreenTimeReported,
    ScreenTimeSigned,
    VisibleSeconds,
)
from contracts.events.runs import EpisodeFailed, EpisodeProgress, RunCancelled, RunStarted
from contracts.events.segments import AnalysedSegment, EmbedderScale, SegmentEmbedded, SegmentReady, SegmentTracked

__all__ = [
    "EVENTS",
    "SERVICES",
    "STAGES",
    "AnalysedSegment",
    "CastChanged",
    "CastDescribed",
    "CastLinked",
    "CastPictures",
    "CastUploaded",
    "ClustersEdited",
    "EmbedderScale",
    "EpisodeChanged",
    "EpisodeDeleted",
    "EpisodeEvent",
    "EpisodeFailed",
    "EpisodeGrouped",
    "EpisodeProgress",
    "EpisodeUploaded",
    "Event",
    "FacebankUpdated",
    "LinksChanged",
    "PersonErased",
    "PictureVerdict",
    "Profile",
    "ReportRequested",
    "RunCancelled",
    "RunStarted",
    "ScreenTimeReported",
    "ScreenTimeSigned",
    "SegmentEmbedded",
    "SegmentEvent",
    "SegmentReady",
    "SegmentTracked",
    "Service",
    "ShowDeleted",
    "Stage",
    "TracksErased",
    "VisibleSeconds",
    "event_class",
    "to_payload",
]

EVENTS: dict[str, type[Event]] = {
    event.TYPE: event
    for event in (
        EpisodeUploaded,
        CastUploaded,
        FacebankUpdated,
        RunStarted,
        RunCancelled,
        SegmentReady,
        SegmentTracked,
        SegmentEmbedded,
        EpisodeGrouped,
        CastLinked,
        ScreenTimeReported,
        ScreenTimeSigned,
        ClustersEdited,
        LinksChanged,
        ReportRequested,
        EpisodeChanged,
        EpisodeDeleted,
        CastChanged,
        CastDescribed,
        PersonErased,
        TracksErased,
        ShowDeleted,
        EpisodeProgress,
        EpisodeFailed,
    )
}


def event_class(event_type: str) -> type[Event] | None:
    """Class of a CloudEvents type, None when this version does not know it."""
    return EVENTS.get(event_type)


def to_payload(event: Event) -> dict[str, Any]:
    """JSON-ready payload with the names of the schema; re-validated strictly, so that nothing invalid leaves."""
    payload = event.model_dump(mode="json", by_alias=True)
    type(event).model_validate_json(event.model_dump_json(by_alias=True), strict=True)
    return payload
