"""`screenalytics identities`, `tracks`, `suggest`, `link` and `unlink`."""

from __future__ import annotations

from typing import Annotated

import typer

from screenalytics.cli.operator.options import AsJson, CastId, Episode, Identity, commanding
from screenalytics.commands.operator.command_options import CommandOptions

Pair = tuple[str, str]


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    for name, command in (
        ("identities", identities_command),
        ("tracks", tracks_command),
        ("suggest", suggest_command),
        ("link", link_command),
        ("unlink", unlink_command),
    ):
        app.command(name)(command)


def identities_command(
    episode: Episode,
    unidentified: Annotated[bool, typer.Option("--unidentified", help="Only those nobody knows.")] = False,
    as_json: AsJson = False,
) -> None:
    """The people of an episode, most visible first."""
    from screenalytics.commands.operator.people import list_identities

    list_identities(episode, unidentified=unidentified, as_json=as_json)


def tracks_command(
    episode: Episode,
    identity: Annotated[
        str | None, typer.Argument(metavar="[IDENTITY]", help="Whose tracks; those of nobody if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The tracks of an identity, which `split`, `move` and `drop` name."""
    from screenalytics.commands.operator.people import list_tracks
    from screenalytics.commands.operator.short_ids import identity_of

    list_tracks(episode, identity_of(identity) if identity is not None else None, as_json=as_json)


@commanding
def suggest_command(
    episode: Episode,
    manner: CommandOptions,
    apply_above: Annotated[
        float | None, typer.Option("--apply-above", min=0, max=1, help="Link everybody who is at least that probable.")
    ] = None,
    margin: Annotated[
        float | None, typer.Option(min=0, max=1, help="With --apply-above: least lead over the runner-up.")
    ] = None,
    dismiss: Annotated[
        Pair | None, typer.Option(metavar="IDENTITY CAST", help="Never suggest this cast member for it again.")
    ] = None,
    restore: Annotated[
        Pair | None, typer.Option(metavar="IDENTITY CAST", help="Take a dismissal back: it may be suggested.")
    ] = None,
) -> None:
    """Whom the people of an episode may be; with an option: take suggestions up, or dismiss one."""
    from screenalytics.commands.operator import links
    from screenalytics.commands.operator.short_ids import identity_of

    if sum(one is not None for one in (apply_above, dismiss, restore)) > 1:
        raise typer.BadParameter("one of --apply-above, --dismiss and --restore at a time")
    if margin is not None and apply_above is None:
        raise typer.BadParameter("--margin goes with --apply-above", param_hint="--margin")
    if apply_above is not None:
        links.apply_above(episode, apply_above, margin, manner)
    elif dismiss is not None:
        links.dismiss(episode, identity_of(dismiss[0]), dismiss[1], manner)
    elif restore is not None:
        links.restore(episode, identity_of(restore[0]), restore[1], manner)
    else:
        links.list_suggestions(episode, as_json=manner.as_json)


@commanding
def link_command(episode: Episode, identity: Identity, cast: CastId, manner: CommandOptions) -> None:
    """Say that an identity is a cast member."""
    from screenalytics.commands.operator.links import link

    link(episode, identity, cast, manner)


@commanding
def unlink_command(episode: Episode, identity: Identity, manner: CommandOptions) -> None:
    """Say that an identity is not whom it is linked to; that is not suggested again."""
    from screenalytics.commands.operator.links import unlink

    unlink(episode, identity, manner)
