"""Which objects of an episode nobody needs any more. Pure.

The invariant: **only what was written for a revision that a later one has replaced is ever given up**. A revision that is
being written has a number above the current one's, and a run that is under way has an id above the current run's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

REPORTED = frozenset({"identities", "cast_links", "screen_time", "report"})
"""Manifests that the report writes, in folders by its number; the others are in folders by the grouping's."""


@dataclass(frozen=True, kw_only=True)
class Current:
    """What people see of an episode: its run, the revision of its report and of the grouping that is made from."""

    run_id: str
    revision: int
    grouping_revision: int


def is_superseded_manifest(name: str, current: Current, *, runs_kept: Collection[str]) -> bool:
    """Whether a manifest that nothing refers to is of an earlier revision. `name` is its key below the episode's.

    `{file}` is the current one; `{run}/{file}` the latest of a run; `{run}/r{revision}/{file}` one of a revision.
    """
    parts = name.split("/")
    if len(parts) < 2:
        return False
    run_id = parts[0]
    if run_id < current.run_id:
        return len(parts) == 3 or run_id not in runs_kept
    if run_id > current.run_id or len(parts) < 3:
        return False
    latest = current.revision if _stem(parts[2]) in REPORTED else current.grouping_revision
    return parts[1].removeprefix("r").isdecimal() and int(parts[1].removeprefix("r")) <= latest


def is_superseded_segment(name: str, current: Current, *, runs_kept: Collection[str], is_replaced: bool) -> bool:
    """Whether a segment's artifact that nothing refers to is one that no stage reads again. `name` is as above.

    Of the current run stays what a stage said of a segment (`*.json`: a repeated request is answered with it), and a crop
    archive unless `is_replaced` says that faces of an earlier revision are in it: a later one may just be written.
    """
    run_id, _, rest = name.partition("/")
    if run_id != current.run_id:
        return run_id < current.run_id and (run_id not in runs_kept or not rest.endswith(".json"))
    return is_replaced or not rest.endswith((".json", ".zip"))


def _stem(file: str) -> str:
    """`screen_time` of `screen_time-1f6c3a….json`."""
    return file.rsplit("-", 1)[0]


def is_faces(uri: str) -> bool:
    """Whether an object is `faces.jsonl` of a grouping, before cuts or after them."""
    name = uri.rsplit("/", 1)[-1]
    return _stem(name) in {"faces", "joined_faces"} and name.endswith(".jsonl")
