"""`screenalytics undo`, `redo`, `history` and `export`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from screenalytics.cli.operator.options import AsJson, Episode, Out, commanding
from screenalytics.commands.operator.choices import Form, Fps
from screenalytics.commands.operator.command_options import CommandOptions

if TYPE_CHECKING:
    from screenalytics.commands.operator.undoing import Log

OnlyEdits = Annotated[bool, typer.Option("--edits", help="Only commands on clusters: merge, split, move …")]
OnlyLinks = Annotated[bool, typer.Option("--links", help="Only commands on who somebody is: link, dismiss …")]


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    for name, command in (
        ("undo", undo_command),
        ("redo", redo_command),
        ("history", history_command),
        ("export", export_command),
    ):
        app.command(name)(command)


@commanding
def undo_command(episode: Episode, manner: CommandOptions, edits: OnlyEdits = False, links: OnlyLinks = False) -> None:
    """Take back the latest command of an episode; again for the one before."""
    from screenalytics.commands.operator.undoing import step

    step(episode, "undo", manner, only=_only(edits, links))


@commanding
def redo_command(episode: Episode, manner: CommandOptions, edits: OnlyEdits = False, links: OnlyLinks = False) -> None:
    """Make the command that was taken back last again."""
    from screenalytics.commands.operator.undoing import step

    step(episode, "redo", manner, only=_only(edits, links))


def history_command(episode: Episode, as_json: AsJson = False) -> None:
    """Who changed what of an episode, from what to what, when and why, the latest first."""
    from screenalytics.commands.operator.undoing import history

    history(episode, as_json=as_json)


def export_command(
    episode: Episode,
    form: Annotated[Form, typer.Argument(metavar="FORM", help="json, csv, parquet, html, edl, fcpxml or webvtt.")],
    cast: Annotated[str | None, typer.Option(help="edl, fcpxml, webvtt: only this cast member.")] = None,
    fps: Annotated[Fps | None, typer.Option(help="edl, fcpxml: frames a second; the video's if left out.")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Another revision than the latest.")] = None,
    out: Out = None,
) -> None:
    """The screen time as a file: the report, or appearances for an editing tool (CMX 3600 EDL, FCPXML, WebVTT)."""
    from screenalytics.commands.operator.exporting import export

    export(episode, form, cast_id=cast, fps=fps, revision=revision, out=out)


def _only(edits: bool, links: bool) -> Log | None:
    if edits and links:
        raise typer.BadParameter("--edits or --links; neither for the latest of both")
    return "edits" if edits else "links" if links else None
