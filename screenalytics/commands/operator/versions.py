"""`screenalytics compare`: two versions of a programme, laid beside each other by their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chassis.errors import BadInput
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import cell, note, table
from services.identity.report.versions import render_versions
from services.identity.screentime.versions import VersionComparison

MOST_PLACES = 3
"""Of a person in the table; JSON and the page have all."""


def compare(first: str, second: str, *, html: Path | None, as_json: bool) -> None:
    """Who lost or won how many seconds from the first to the second. Raises BadInput `out_not_writable`."""
    with connect() as api:
        found = VersionComparison.model_validate(api.compare_versions(first, other=second).data.model_dump())
    if html is not None:
        try:
            html.write_text(render_versions(found), "utf-8")
        except OSError as error:
            raise BadInput("out_not_writable", f"{html} cannot be written: {error.strerror or error}.") from error
        note(f"{html} is written")
    if as_json:
        print(found.model_dump_json())
    elif html is None:
        print(told(found))


def told(found: VersionComparison) -> str:
    """The comparison as people read it in a terminal."""
    lines = [
        f"{one.ep_id} revision {one.revision}: {one.duration_s:.1f} s, of which {one.only_here_s:.1f} s only here"
        + (f": {_places(one.only_here, len(one.only_here))}" if one.only_here else "")
        for one in (found.first, found.second)
    ]
    rows = [
        [
            one.name,
            cell(one.first_s),
            cell(one.second_s),
            f"{one.change_s:+.2f}",
            cell(one.lost_s),
            cell(one.won_s),
            f"{one.otherwise_s:+.2f}" if one.otherwise_s else "-",
            "; ".join(
                part
                for part in (
                    f"lost {_places(one.lost, MOST_PLACES)}" if one.lost else "",
                    f"won {_places(one.won, MOST_PLACES)}" if one.won else "",
                )
                if part
            )
            or "-",
        ]
        for one in found.people
    ]
    if rows:
        heading = ["person", "first s", "second s", "change", "lost", "won", "otherwise", "where"]
        lines += ["", table(heading, rows)]
    return "\n".join(lines)


def _places(spans: Sequence[tuple[float, float]], most: int) -> str:
    shown = [f"{start:.1f}-{end:.1f}" for start, end in spans[:most]]
    return ", ".join([*shown, *([f"{len(spans) - most} more"] if len(spans) > most else [])])
