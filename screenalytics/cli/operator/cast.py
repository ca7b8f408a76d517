"""`screenalytics cast …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from screenalytics.cli.operator.options import AsJson, CastId, Eidr, ImdbTitle, Isan, ShowSlug, Wikidata

cast_app = typer.Typer(
    help="Shows, their casts and reference pictures: shows, create, list, add, import, pictures, describe, identify, "
    "rename, remove.",
    no_args_is_help=True,
)


@cast_app.command("shows")
def cast_shows(as_json: AsJson = False) -> None:
    """Shows that have a cast or a reported episode."""
    from screenalytics.commands.operator.cast import list_shows

    list_shows(as_json=as_json)


@cast_app.command("create")
def cast_create(
    show: ShowSlug,
    name: Annotated[str | None, typer.Option(help="What people call the show.")] = None,
    as_json: AsJson = False,
) -> None:
    """A show whose cast can be filled before its first episode."""
    from screenalytics.commands.operator.cast import create_show

    create_show(show, name, as_json=as_json)


@cast_app.command("list")
def cast_list(show: ShowSlug, as_json: AsJson = False) -> None:
    """The cast of a show."""
    from screenalytics.commands.operator.cast import list_cast

    list_cast(show, as_json=as_json)


@cast_app.command("add")
def cast_add(
    show: ShowSlug,
    name: Annotated[str, typer.Argument(help="Their name.")],
    pictures: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder with pictures of them.")] = None,
    cast_id: Annotated[str | None, typer.Option("--id", help="Cast id; made from the name if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add somebody to the cast."""
    from screenalytics.commands.operator.cast import add

    add(show, name, pictures, cast_id=cast_id, as_json=as_json)


@cast_app.command("import")
def cast_import(
    show: ShowSlug,
    folder: Annotated[Path, typer.Argument(help="One folder of pictures per cast member, as for `run --cast`.")],
    as_json: AsJson = False,
) -> None:
    """Add everybody who has a folder of pictures, with a verdict on each picture."""
    from screenalytics.commands.operator.cast import import_folder

    import_folder(show, folder, as_json=as_json)


@cast_app.command("pictures")
def cast_pictures(
    show: ShowSlug,
    cast: CastId,
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE...]", help="Pictures to add.")] = None,
    remove: Annotated[str | None, typer.Option(metavar="PICTURE", help="Remove this picture instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add reference pictures, with a verdict on each; without files: list those there are."""
    from screenalytics.commands.operator.cast import add_pictures, list_pictures, remove_picture

    if remove is not None and files:
        raise typer.BadParameter("add pictures or remove one, not both", param_hint="--remove")
    if remove is not None:
        remove_picture(show, cast, remove)
    elif files:
        add_pictures(show, cast, files, as_json=as_json)
    else:
        list_pictures(show, cast, as_json=as_json)


@cast_app.command("describe")
def cast_describe(
    show: ShowSlug,
    cast: CastId,
    imdb: Annotated[str | None, typer.Option(help='IMDb id, as nm0000007; "" takes it away.')] = None,
    wikidata: Wikidata = None,
    role: Annotated[str | None, typer.Option(help="presenter, guest, expert, actor … or any other word.")] = None,
    character: Annotated[list[str] | None, typer.Option(help="Whom they play, as credited; may be repeated.")] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What they say of themselves; may be repeated. Never inferred."),
    ] = None,
    episode: Annotated[
        str | None, typer.Option(metavar="EP", help="Role and characters in this episode only; else in the whole show.")
    ] = None,
    usual: Annotated[bool, typer.Option("--usual", help="With --episode: there as in the whole show, again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say ids, role, characters and attributes of a cast member; without any, show what is known."""
    from screenalytics.commands.operator.descriptions import describe, describe_in_episode

    if episode is not None:
        if imdb is not None or wikidata is not None or attribute:
            raise typer.BadParameter("takes --role, --character and --usual", param_hint="--episode")
        describe_in_episode(show, cast, episode, role=role, characters=character, usual=usual, as_json=as_json)
        return
    if usual:
        raise typer.BadParameter("name the episode with --episode", param_hint="--usual")
    describe(
        show,
        cast,
        external_ids={"imdb": imdb, "wikidata": wikidata},
        role=role,
        characters=character or (),
        attributes=attribute or (),
        as_json=as_json,
    )


@cast_app.command("identify")
def cast_identify(
    show: ShowSlug,
    eidr: Eidr = None,
    isan: Isan = None,
    imdb: ImdbTitle = None,
    wikidata: Wikidata = None,
    as_json: AsJson = False,
) -> None:
    """Say which ids the show has in other registries; without any, show what is known."""
    from screenalytics.commands.operator.descriptions import identify_show

    identify_show(show, {"eidr": eidr, "isan": isan, "imdb": imdb, "wikidata": wikidata}, as_json=as_json)


@cast_app.command("rename")
def cast_rename(
    show: ShowSlug,
    cast: CastId,
    name: Annotated[str, typer.Argument(help="Their name from now on.")],
    as_json: AsJson = False,
) -> None:
    """Give a cast member another name; the reports that name them follow."""
    from screenalytics.commands.operator.cast import rename

    rename(show, cast, name, as_json=as_json)


@cast_app.command("remove")
def cast_remove(
    show: ShowSlug,
    cast: CastId,
    unlink: Annotated[bool, typer.Option("--unlink", help="Take their links away too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a cast member with their pictures; refused while links name them, unless --unlink says so."""
    from screenalytics.commands.operator.cast import remove

    remove(show, cast, unlink=unlink, as_json=as_json)
