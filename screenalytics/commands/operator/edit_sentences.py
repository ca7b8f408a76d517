"""An edit of clusters in one sentence, from what to what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from screenalytics.commands.operator.output import several
from screenalytics.http_client import models

MOST_NAMED = 3
"""Tracks that are named one by one; of more only the number is told."""


def about_edit(one: models.EditEntry) -> str:
    """What an entry of the log of edits is about."""
    tell = _SENTENCES.get(one.kind)
    return tell(one, one.change) if tell is not None else _plain(one)


def _merge(_one: models.EditEntry, change: models.EditChange) -> str:
    return f"merge of {_people(change.source_ids)} into {change.target_id}"


def _split(_one: models.EditEntry, change: models.EditChange) -> str:
    return f"split of {_tracks(change)} off {_people(change.source_ids)}"


def _move(_one: models.EditEntry, change: models.EditChange) -> str:
    seconds = f"{change.start_s:g}-{change.end_s:g} s of " if change.start_s is not None else ""
    whose = f" from {_people(change.source_ids)}" if change.source_ids else ""
    return f"move of {seconds}{_tracks(change)}{whose} to {change.target_id or 'somebody new'}"


def _apart(one: models.EditEntry, _change: models.EditChange) -> str:
    return f"{' and '.join(one.identity_ids)} kept apart"


def _rename(one: models.EditEntry, change: models.EditChange) -> str:
    return f"rename of {_people(one.identity_ids)} from {_name(change.label_before)} to {_name(change.label)}"


def _drop(_one: models.EditEntry, change: models.EditChange) -> str:
    return f"drop of {_tracks(change)}"


def _restore(_one: models.EditEntry, change: models.EditChange) -> str:
    return f"restore of {_tracks(change)}"


def _recluster(_one: models.EditEntry, change: models.EditChange) -> str:
    before, after = _thresholds(change.overrides_before), _thresholds(change.overrides)
    said = [
        f"{name} from {_threshold(before.get(name))} to {_threshold(after.get(name))}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    return "recluster" + (f" with {', '.join(said)}" if said else "")


def _plain(one: models.EditEntry) -> str:
    said = one.kind.replace("_", " ")
    return f"{said} of {', '.join(one.identity_ids)}" if one.identity_ids else said


_SENTENCES: Mapping[str, Callable[[models.EditEntry, models.EditChange], str]] = {
    "merge": _merge,
    "split": _split,
    "move_track": _move,
    "move_range": _move,
    "not_same": _apart,
    "rename": _rename,
    "drop": _drop,
    "restore": _restore,
    "recluster": _recluster,
}


def _people(ids: Sequence[str] | None) -> str:
    return ", ".join(ids or ()) or "somebody"


def _tracks(change: models.EditChange) -> str:
    names = change.track_ids or []
    return ", ".join(names) if len(names) <= MOST_NAMED else several(len(names), "track")


def _name(label: str | None) -> str:
    return f'"{label}"' if label else "no name"


def _thresholds(overrides: models.Overrides | None) -> dict[str, float]:
    return overrides.model_dump(exclude_none=True) if overrides is not None else {}


def _threshold(value: float | None) -> str:
    return "its setting" if value is None else f"{value:g}"
