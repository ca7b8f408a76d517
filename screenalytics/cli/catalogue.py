"""`screenalytics catalogue`: all results as Parquet, kept current."""

from __future__ import annotations

from typing import Annotated

import typer

from screenalytics.cli.running import run_and_exit

catalogue_app = typer.Typer(
    help="All results as Parquet files, by show and season, kept current.", no_args_is_help=True
)

Where = Annotated[str, typer.Argument(metavar="DIR|s3://BUCKET/PREFIX", help="Where the catalogue lies.")]


@catalogue_app.command("sync")
def sync_command(
    where: Where,
    once: Annotated[bool, typer.Option("--once", help="End when everything is as it is now; needs no Kafka.")] = False,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Consumer group; one of the place's own if left out.")
    ] = None,
) -> None:
    """Bring the catalogue up to date and keep it so until Ctrl-C; prints what changed, one JSON object a line."""
    from screenalytics.commands.catalogue import sync

    run_and_exit(sync(where, once=once, group=group))


@catalogue_app.command("views")
def views_command(where: Where) -> None:
    """Print the SQL of its DuckDB views, for a catalogue that lies elsewhere than where it was written."""
    from screenalytics.commands.catalogue import print_views

    print_views(where)
