"""`screenalytics totals`: screen time by role, character or attribute."""

from __future__ import annotations

import re

from chassis.errors import BadInput
from contracts.ids import EP_ID_PATTERN
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import cell, note, table
from screenalytics.http_client import models


def show_totals(what: str, *, by: str, season: int | None, participants: bool, as_json: bool) -> None:
    """Of an episode, or of a show and one of its seasons. Raises BadInput `season_of_an_episode`."""
    is_episode = re.fullmatch(EP_ID_PATTERN, what.lower()) is not None
    if is_episode and season is not None:
        raise BadInput("season_of_an_episode", f"{what} is one episode: name the show for the totals of a season.")
    with connect() as api:
        if is_episode:
            found = api.total_groups(what, by=by, participants=participants).data
        else:
            found = api.total_show_groups(what, by=by, season=season, participants=participants).data
    if as_json:
        print(found.model_dump_json())
        return
    print_groups(found)


def print_groups(found: models.GroupTotals) -> None:
    """The table, and how it counts."""
    rest = (("(not said)", found.not_said), ("(unidentified)", found.unidentified))
    rows = [
        *((one.value, one.people, one.seconds, one.share, one.person_seconds) for one in found.groups),
        *((name, one.people, one.seconds, one.share, one.person_seconds) for name, one in rest if one.people),
    ]
    if not rows:
        note("nobody is visible")
        return
    heading = [found.by.removeprefix("attribute:"), "people", "on screen s", "share", "person s"]
    cells = [
        [cell(value), cell(people), cell(seconds), f"{share or 0:.1%}", cell(each)]
        for value, people, seconds, share, each in rows
    ]
    print(table(heading, cells))
