"""`screenalytics episodes …`."""

from __future__ import annotations

from typing import Annotated

import typer

from screenalytics.cli.operator.options import AsJson, Eidr, Episode, ImdbTitle, Isan, ShowSlug, Wikidata
from screenalytics.commands.operator.choices import Profile, RunState

episodes_app = typer.Typer(
    help="Episodes: list, show, create, identify, status, follow, rerun, delete (through the HTTP API).",
    no_args_is_help=True,
)


@episodes_app.command("list")
def episodes_list(
    show: Annotated[str | None, typer.Option(help="Only episodes of this show.")] = None,
    state: Annotated[RunState | None, typer.Option(help="Only episodes whose run is in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every episode you may see."""
    from screenalytics.commands.operator.episodes import list_episodes

    list_episodes(show_slug=show, state=state, as_json=as_json)


@episodes_app.command("show")
def episodes_show(episode: Episode, as_json: AsJson = False) -> None:
    """Everything about one episode."""
    from screenalytics.commands.operator.episodes import show_episode

    show_episode(episode, as_json=as_json)


@episodes_app.command("create")
def episodes_create(
    show: ShowSlug,
    season: Annotated[int, typer.Argument(metavar="SEASON", min=0)],
    episode: Annotated[int, typer.Argument(metavar="EPISODE", min=0)],
    title: Annotated[str | None, typer.Option(help="Its title.")] = None,
    as_json: AsJson = False,
) -> None:
    """An episode that has no video yet; one that is there already stays as it is."""
    from screenalytics.commands.operator.episodes import create

    create(show, season, episode, title=title, as_json=as_json)


@episodes_app.command("identify")
def episodes_identify(
    episode: Episode,
    eidr: Eidr = None,
    isan: Isan = None,
    imdb: ImdbTitle = None,
    wikidata: Wikidata = None,
    as_json: AsJson = False,
) -> None:
    """Say which ids the episode has in other registries; without any, show what is known."""
    from screenalytics.commands.operator.descriptions import identify_episode

    identify_episode(episode, {"eidr": eidr, "isan": isan, "imdb": imdb, "wikidata": wikidata}, as_json=as_json)


@episodes_app.command("status")
def episodes_status(episode: Episode, as_json: AsJson = False) -> None:
    """How far the episode's run is, stage by stage."""
    from screenalytics.commands.operator.episodes import status

    status(episode, as_json=as_json)


@episodes_app.command("follow")
def episodes_follow(episode: Episode, as_json: AsJson = False) -> None:
    """Print the progress until the run ends; exit status 1 when it does not finish."""
    from screenalytics.commands.operator.episodes import follow

    raise typer.Exit(follow(episode, as_json=as_json))


@episodes_app.command("rerun")
def episodes_rerun(
    episode: Episode,
    profile: Annotated[Profile, typer.Option(help="How closely to look.")] = "balanced",
    video_stream: Annotated[
        int | None, typer.Option("--video-stream", min=0, metavar="N", help="Analyse this stream of the file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Process the episode's video again; what people corrected stays."""
    from screenalytics.commands.operator.episodes import run_again

    run_again(episode, profile=profile, video_stream=video_stream, as_json=as_json)


@episodes_app.command("delete")
def episodes_delete(
    episode: Episode,
    yes: Annotated[bool, typer.Option("--yes", help="You mean it: nothing brings it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete an episode with everything that is kept of it."""
    from screenalytics.commands.operator.episodes import delete

    delete(episode, yes=yes, as_json=as_json)
