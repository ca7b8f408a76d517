"""`screenalytics merge`, `split`, `move`, `drop`, `restore`, `rename`, `lock`, `unlock` and `apart`."""

from __future__ import annotations

from typing import Annotated

import typer

from screenalytics.cli.operator.options import Episode, Identity, Preview, Tracks, commanding
from screenalytics.commands.operator.command_options import CommandOptions
from screenalytics.commands.operator.short_ids import identity_of, track_of


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    for name, command in (
        ("merge", merge_command),
        ("split", split_command),
        ("move", move_command),
        ("drop", drop_command),
        ("restore", restore_command),
        ("rename", rename_command),
        ("lock", lock_command),
        ("unlock", unlock_command),
        ("apart", apart_command),
    ):
        app.command(name)(command)


@commanding
def merge_command(
    episode: Episode,
    target: Annotated[str, typer.Argument(metavar="TARGET", parser=identity_of, help="Who keeps their id.")],
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE...", parser=identity_of, help="Identities that are the target.")
    ],
    manner: CommandOptions,
    preview: Preview = False,
) -> None:
    """Make one person of several identities."""
    from screenalytics.commands.operator.edits import merge

    merge(episode, target, sources, manner, preview=preview)


@commanding
def split_command(
    episode: Episode,
    identity: Identity,
    manner: CommandOptions,
    tracks: Annotated[
        list[str] | None, typer.Argument(metavar="[TRACK...]", parser=track_of, help="Tracks of somebody else.")
    ] = None,
    in_two: Annotated[bool, typer.Option("--in-two", help="Find the two people, instead of naming tracks.")] = False,
    preview: Preview = False,
) -> None:
    """Split tracks off an identity: they are somebody else."""
    from screenalytics.commands.operator import edits

    if bool(tracks) == in_two:
        raise typer.BadParameter("name the tracks of somebody else, or say --in-two", param_hint="TRACK...")
    if tracks:
        edits.split(episode, identity, tracks, manner, preview=preview)
    else:
        edits.split_in_two(episode, identity, manner, preview=preview)


@commanding
def move_command(
    episode: Episode,
    tracks: Tracks,
    to: Annotated[str, typer.Option("--to", metavar="IDENTITY|new", help="Whose they are; `new` for somebody new.")],
    manner: CommandOptions,
    preview: Preview = False,
) -> None:
    """Give tracks to another identity, or to somebody new."""
    from screenalytics.commands.operator.edits import move

    move(episode, tracks, None if to == "new" else identity_of(to), manner, preview=preview)


@commanding
def drop_command(episode: Episode, tracks: Tracks, manner: CommandOptions, preview: Preview = False) -> None:
    """Drop tracks that show nobody: a poster, a doll."""
    from screenalytics.commands.operator.edits import drop

    drop(episode, tracks, manner, preview=preview)


@commanding
def restore_command(episode: Episode, tracks: Tracks, manner: CommandOptions, preview: Preview = False) -> None:
    """Bring dropped tracks back."""
    from screenalytics.commands.operator.edits import restore

    restore(episode, tracks, manner, preview=preview)


@commanding
def rename_command(
    episode: Episode,
    identity: Identity,
    name: Annotated[str, typer.Argument(help='What to call them; "" takes the name away.')],
    manner: CommandOptions,
) -> None:
    """Name somebody who is nobody of the cast."""
    from screenalytics.commands.operator.edits import rename

    rename(episode, identity, name, manner)


@commanding
def lock_command(episode: Episode, identity: Identity, manner: CommandOptions) -> None:
    """Lock an identity that is complete and right: nothing joins or leaves it."""
    from screenalytics.commands.operator.edits import lock

    lock(episode, identity, manner)


@commanding
def unlock_command(episode: Episode, identity: Identity, manner: CommandOptions) -> None:
    """Unlock an identity, so that it may change again."""
    from screenalytics.commands.operator.edits import unlock

    unlock(episode, identity, manner)


@commanding
def apart_command(
    episode: Episode, first: Identity, second: Identity, manner: CommandOptions, preview: Preview = False
) -> None:
    """Say that two identities are never one person."""
    from screenalytics.commands.operator.edits import keep_apart

    keep_apart(episode, first, second, manner, preview=preview)
