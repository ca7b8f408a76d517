"""Arguments and options that the verbs share, each declared once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from screenalytics.commands.operator.command_options import CommandOptions
from screenalytics.commands.operator.short_ids import identity_of, track_of

Episode = Annotated[str, typer.Argument(metavar="EP", help="Episode id, as my-show-s01e02.")]
Identity = Annotated[
    str, typer.Argument(metavar="IDENTITY", parser=identity_of, help="As `identities` shows; 7 is identity-00007.")
]
Tracks = Annotated[
    list[str], typer.Argument(metavar="TRACK...", parser=track_of, help="As `tracks` shows; 2-13 is track-00002-013.")
]
ShowSlug = Annotated[str, typer.Argument(metavar="SHOW", help="The show's slug, as my-show.")]
CastId = Annotated[str, typer.Argument(metavar="CAST", help="Cast id, as `cast list` shows.")]
Eidr = Annotated[str | None, typer.Option(help='EIDR, as 10.5240/7791-8534-2C23-9030-8610-5; "" takes it away.')]
Isan = Annotated[str | None, typer.Option(help='ISAN, as 0000-0000-3A8D-0000-Z; "" takes it away.')]
ImdbTitle = Annotated[str | None, typer.Option("--imdb", help='IMDb id, as tt0034583; "" takes it away.')]
Wikidata = Annotated[str | None, typer.Option(help='Item of Wikidata, as Q132689; "" takes it away.')]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Why = Annotated[str | None, typer.Option("--why", help="Why, for whoever reads the log.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait until the effect is there.")]
IfVersion = Annotated[
    int | None,
    typer.Option("--if-version", min=0, help="Only if the version is still this one, as `identities` showed it."),
]
Preview = Annotated[
    bool, typer.Option("--preview", help="Only show what would change, with the effect on screen time.")
]
Out = Annotated[Path | None, typer.Option("--out", help="File to write; stdout if left out.")]


def _manner(
    why: Why = None, no_wait: NoWait = False, if_version: IfVersion = None, as_json: AsJson = False
) -> CommandOptions:
    return CommandOptions(why=why, wait=not no_wait, version=if_version, as_json=as_json)


_MANNER = inspect.signature(_manner, eval_str=True).parameters


def commanding(verb: Callable[..., None]) -> Callable[..., None]:
    """Give a verb that takes a `manner` the options that make one, after its own."""

    @wraps(verb)
    def command(**given: Any) -> None:
        manner = _manner(**{name: given.pop(name) for name in _MANNER})
        verb(**given, manner=manner)

    own = inspect.signature(verb, eval_str=True)
    parameters = [one for one in own.parameters.values() if one.name != "manner"]
    command.__signature__ = own.replace(parameters=[*parameters, *_MANNER.values()])  # type: ignore[attr-defined]
    return command
