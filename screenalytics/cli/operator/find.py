"""`screenalytics find`: questions over the episodes of a show."""

from __future__ import annotations

from typing import Annotated

import typer

from screenalytics.cli.operator.options import AsJson, ShowSlug

find_app = typer.Typer(help="Over all episodes of a show: who is together where, who is in which season.")

Least = Annotated[float, typer.Option("--min", min=0, metavar="SECONDS", help="At least so many seconds in all.")]


@find_app.command("episodes")
def find_episodes(
    show: ShowSlug,
    cast: Annotated[list[str] | None, typer.Option(help="Who is to be seen; may be repeated. Nobody: anybody.")] = None,
    any_: Annotated[bool, typer.Option("--any", help="At least one of them, not all at the same time.")] = False,
    season: Annotated[int | None, typer.Option(min=0, max=99, help="Only this season.")] = None,
    min_: Least = 0.0,
    stretch: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="At least once so many seconds without a break.")
    ] = 0.0,
    participants: Annotated[bool, typer.Option("--participants", help="Without those seen in passing.")] = False,
    as_json: AsJson = False,
) -> None:
    """The episodes in which people are visible at the same time, for how long and when."""
    from screenalytics.commands.operator.finding import list_episodes

    list_episodes(
        show,
        cast=tuple(cast or ()),
        match="any" if any_ else "together",
        season=season,
        min_s=min_,
        min_stretch_s=stretch,
        participants=participants,
        as_json=as_json,
    )


@find_app.command("cast")
def find_cast(
    show: ShowSlug,
    season: Annotated[
        list[int] | None, typer.Option(min=0, max=99, help="In this season; may be repeated. None: in all.")
    ] = None,
    only: Annotated[bool, typer.Option("--only", help="And in no other season.")] = False,
    min_: Least = 0.0,
    as_json: AsJson = False,
) -> None:
    """The cast members that are visible in some seasons, or in those only, most visible first."""
    from screenalytics.commands.operator.finding import list_cast

    list_cast(show, seasons=tuple(season or ()), only=only, min_s=min_, as_json=as_json)
