"""From an episode's result to its rows. Pure; the same result always gives the same rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from screenalytics.catalogue.schema import Table
from screenalytics.http_client import models

REGISTRIES = ("eidr", "isan", "imdb", "wikidata")

Row = dict[str, Any]
Rows = Mapping[Table, list[Row]]
"""Every table's rows of one episode."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """What tells whether an episode's rows are those of now."""

    run_id: str
    revision: int
    facts_version: int


def rows_of(episode: models.EpisodeView, document: models.ScreenTimeDocument) -> Rows:
    """The rows of an episode; times are shifted to a player's clock."""
    which = {"ep_id": document.episode_id, "run_id": document.run_id, "revision": document.revision}
    shift = document.starts_at_s or 0.0
    people = list(_people(document, shift))
    return {
        "episodes": [which | _episode(episode, document)],
        "people": [which | row for row, _ in people],
        "appearances": [
            which | {"kind": row["kind"], "id": row["id"]} | stretch
            for row, stretches in people
            for stretch in stretches
        ],
        "together": [which | {"a": one.a, "b": one.b, "seconds": one.seconds} for one in document.co_appearance_s],
    }


def _episode(episode: models.EpisodeView, document: models.ScreenTimeDocument) -> Row:
    signed = document.signed_off
    return {
        "episode": episode.episode,
        "title": episode.title,
        "air_date": date.fromisoformat(episode.air_date) if episode.air_date else None,
        "facts_version": episode.version,
        "duration_s": document.duration_s,
        "starts_at_s": document.starts_at_s or 0.0,
        "timecode": document.timecode,
        "any_face_s": document.coverage.any_face_s,
        "nobody_s": document.coverage.nobody_s,
        "cast_members": sum(row.visible_s > 0 for row in document.cast),
        "unidentified": len(document.unidentified),
        "signed_off_at": signed.at if signed else None,
        "signed_off_stale": bool(signed.stale) if signed else None,
        "warnings": [one.code for one in document.warning_details or ()],
        "models": sorted((document.models or {}).items()),
        **{name: getattr(document.external_ids, name, None) for name in REGISTRIES},
        **{f"show_{name}": getattr(document.show_external_ids, name, None) for name in REGISTRIES},
    }


def _people(document: models.ScreenTimeDocument, shift: float) -> Iterator[tuple[Row, list[Row]]]:
    """Everybody's row and their stretches, the cast first."""
    for person in document.cast:
        details = person.details or models.CastDetails()
        ids = details.external_ids or models.PersonIds()
        row = {
            "kind": "cast",
            "id": person.cast_id,
            "name": person.name,
            "share": person.share,
            "mean_face_size": person.mean_face_size,
            "confidence": person.confidence,
            "extra": False,
            "reason": None,
            "role": details.role,
            "characters": details.characters or [],
            "imdb": ids.imdb,
            "wikidata": ids.wikidata,
        }
        yield row | _times(person, shift), _stretches(person, shift)
    for kind, people in (("unidentified", document.unidentified), ("figure", document.figures or ())):
        for one in people:
            row = {
                "kind": kind,
                "id": one.identity_id,
                "name": one.label or "Unidentified",
                "share": round(one.visible_s / document.duration_s, 6) if document.duration_s > 0 else 0.0,
                "extra": bool(one.extra),
                "reason": one.reason,
                "characters": [],
            }
            yield row | _times(one, shift), _stretches(one, shift)


def _times(person: models.CastScreenTime | models.UnidentifiedScreenTime, shift: float) -> Row:
    spans = person.intervals_s
    return {
        "visible_s": person.visible_s,
        "appearances": len(spans),
        "first_s": _shifted(spans[0][0], shift) if spans else None,
        "last_s": _shifted(spans[-1][1], shift) if spans else None,
        "longest_s": round(max((end - start for start, end in spans), default=0.0), 3),
        "present_s": person.present_s,
        "prominence": person.prominence,
        "participant": person.participant is not False,
    }


def _stretches(person: models.CastScreenTime | models.UnidentifiedScreenTime, shift: float) -> list[Row]:
    prominences = {(one.start_s, one.end_s): one.prominence for one in person.shown or ()}
    return [
        {
            "start_s": _shifted(start, shift),
            "end_s": _shifted(end, shift),
            "prominence": prominences.get((start, end)),
        }
        for start, end in person.intervals_s
    ]


def _shifted(time_s: float, shift: float) -> float:
    return round(time_s + shift, 3)


def all_rows(table: Table, episodes: Iterable[Rows]) -> list[Row]:
    """One table's rows of several episodes."""
    return [row for episode in episodes for row in episode[table]]
