"""`screenalytics undo`, `redo`, `history`, `export`, `totals`, `compare` and `proof`."""

from __future__ import annotations

from pathlib import Path
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
        ("totals", totals_command),
        ("compare", compare_command),
        ("proof", proof_command),
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
    form: Annotated[
        Form,
        typer.Argument(
            metavar="FORM",
            help="json, csv, parquet, html, or one of docs/exports: edl, otio, fcp7, marker-edl, webvtt, eaf, tidy …",
        ),
    ],
    cast: Annotated[list[str] | None, typer.Option(help="Only this cast member; may be repeated.")] = None,
    fps: Annotated[Fps | None, typer.Option(help="Frames a second; the video's if left out.")] = None,
    start_tc: Annotated[str | None, typer.Option(help="Timecode of the first picture; the file's if left out.")] = None,
    record_tc: Annotated[str | None, typer.Option(help="Timecode at which the timeline begins.")] = None,
    drop_frame: Annotated[
        bool | None, typer.Option("--drop-frame/--non-drop-frame", help="29.97 and 59.94: how timecode is counted.")
    ] = None,
    gap: Annotated[float | None, typer.Option(min=0, help="Close gaps of at most so many seconds.")] = None,
    min_: Annotated[float | None, typer.Option("--min", min=0, help="Leave out what is shorter, in seconds.")] = None,
    handles: Annotated[float | None, typer.Option(min=0, help="Seconds added at both ends.")] = None,
    media: Annotated[str | None, typer.Option(help="otio, fcp7, eaf, iptc: where the video lies.")] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Another revision than the latest.")] = None,
    out: Out = None,
) -> None:
    """The screen time as a file: the report, or appearances for editing programs and players (docs/exports)."""
    from screenalytics.commands.operator.exporting import Appearances, export

    wanted = Appearances(
        cast=tuple(cast or ()),
        fps=fps,
        start_tc=start_tc,
        record_tc=record_tc,
        drop_frame=drop_frame,
        gap_s=gap,
        min_s=min_,
        handles_s=handles,
        media=media,
    )
    export(episode, form, appearances=wanted, revision=revision, out=out)


def totals_command(
    what: Annotated[str, typer.Argument(metavar="EP|SHOW", help="Episode id, or a show's slug for all its episodes.")],
    by: Annotated[str, typer.Option(help="role, character, or attribute:NAME.")] = "role",
    season: Annotated[int | None, typer.Option(min=0, max=99, help="Only this season of a show.")] = None,
    participants: Annotated[bool, typer.Option("--participants", help="Without those seen in passing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Seconds by role, character or attribute: of the group (two at once count once) and of persons (count twice)."""
    from screenalytics.commands.operator.totals import show_totals

    show_totals(what, by=by, season=season, participants=participants, as_json=as_json)


def compare_command(
    first: Annotated[str, typer.Argument(metavar="EP1", help="Episode id of the one version.")],
    second: Annotated[str, typer.Argument(metavar="EP2", help="Episode id of the other version.")],
    html: Annotated[Path | None, typer.Option(help="Write a page that needs nothing else.")] = None,
    as_json: AsJson = False,
) -> None:
    """Two versions of a programme, by their pictures: who lost or won how many seconds, and where."""
    from screenalytics.commands.operator.versions import compare

    compare(first, second, html=html, as_json=as_json)


def proof_command(
    episode: Annotated[str | None, typer.Argument(metavar="[EP]", help="Episode id, as my-show-s01e02.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="Your private key, Ed25519 in PEM.")] = None,
    new_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Make a key and its public key beside it.")
    ] = None,
    revision: Annotated[int | None, typer.Option(min=1, help="Another revision than the latest.")] = None,
    out: Out = None,
) -> None:
    """Sign what a result is made of: hashes of video and files, models, every decision of whom; see `verify`."""
    from screenalytics.commands.operator import proving

    if new_key is not None:
        if episode is not None or key is not None:
            raise typer.BadParameter("makes a key and does nothing else", param_hint="--new-key")
        proving.new_key(new_key)
        return
    if episode is None or key is None:
        raise typer.BadParameter("name the episode and your --key FILE; --new-key FILE makes one")
    proving.prove(episode, key=key, revision=revision, out=out)


def _only(edits: bool, links: bool) -> Log | None:
    if edits and links:
        raise typer.BadParameter("--edits or --links; neither for the latest of both")
    return "edits" if edits else "links" if links else None
