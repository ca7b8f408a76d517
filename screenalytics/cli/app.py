"""The command line. Exit status: 0 done, 1 the pipeline failed, 2 bad input or usage, 130 or 143 told to end."""

from __future__ import annotations

import gc
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from screenalytics.cli import administration, servers
from screenalytics.cli import operator as operator_cli
from screenalytics.cli.catalogue import catalogue_app
from screenalytics.cli.models import models_app
from screenalytics.cli.running import run_and_exit
from screenalytics.terminal.help_page import GroupedCommands

app = typer.Typer(
    name="screenalytics",
    cls=GroupedCommands,
    help="TV episodes go in; who was on screen, when and for how long comes out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class ProfileName(StrEnum):
    low_power = "low_power"
    balanced = "balanced"
    high_accuracy = "high_accuracy"


class ServiceName(StrEnum):
    ingest = "ingest"
    detector = "detector"
    embedder = "embedder"
    grouper = "grouper"
    identity = "identity"
    webhooks = "webhooks"


class ServableName(StrEnum):
    """The services, the front that serves the HTTP API of all of them in one process, and the console's files."""

    ingest = "ingest"
    detector = "detector"
    embedder = "embedder"
    grouper = "grouper"
    identity = "identity"
    webhooks = "webhooks"
    api = "api"
    console = "console"


VideoFile = Annotated[Path, typer.Argument(metavar="VIDEO", help="The episode's video file.")]
CastFolder = Annotated[
    Path | None,
    typer.Option("--cast", help="Folder with a folder of pictures per cast member, or pictures named after one."),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Run again although this content was processed before, or the episode is of another."),
]
HowClosely = Annotated[ProfileName, typer.Option("--profile", help="How closely to look.")]
VideoStream = Annotated[
    int | None,
    typer.Option(
        "--video-stream",
        min=0,
        metavar="N",
        help="Analyse this stream of the file, counted from 0, and not the one that looks like the film.",
    ),
]
Keep = Annotated[Path | None, typer.Option("--keep", metavar="DIR", help="Keep the servers' data in this folder.")]


ALLOCATIONS_BEFORE_A_COLLECTION = 50_000
"""With Python's own number, 700, loading takes a tenth longer."""


def main() -> None:
    """Entry point: errors for people are one line, never a stack trace."""
    gc.set_threshold(ALLOCATIONS_BEFORE_A_COLLECTION, *gc.get_threshold()[1:])
    from screenalytics.commands.errors import report_and_exit

    with report_and_exit():
        app()


@app.command("run")
def run_command(
    video: VideoFile,
    cast: CastFolder = None,
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("out"),
    episode: Annotated[
        str | None, typer.Option(help="Episode id, as my-show-s01e02; made from the file name if left out.")
    ] = None,
    profile: HowClosely = ProfileName.balanced,
    keep: Keep = None,
    force: Force = False,
    video_stream: VideoStream = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a machine-readable summary on stdout.")] = False,
    console: Annotated[
        bool, typer.Option("--console", help="At a terminal: serve the console for corrections then, until Ctrl-C.")
    ] = False,
) -> None:
    """Process one episode: start what is not running, follow the progress, download the results."""
    from screenalytics.commands.run import run

    run_and_exit(
        run(
            video,
            cast=cast,
            out=out,
            episode=episode,
            profile=profile.value,
            keep=keep,
            force=force,
            video_stream=video_stream,
            as_json=as_json,
            console=console,
        )
    )


@app.command("up")
def up_command(
    keep: Keep = None,
    kafka_port: Annotated[int | None, typer.Option(help="Fixed port of the embedded Kafka.")] = None,
    mongo_port: Annotated[int | None, typer.Option(help="Fixed port of the embedded MongoDB server.")] = None,
    s3_port: Annotated[int | None, typer.Option(help="Fixed port of the embedded S3 server.")] = None,
    triton_port: Annotated[int | None, typer.Option(help="Fixed gRPC port of the embedded Triton.")] = None,
    api_port: Annotated[int | None, typer.Option(help="Fixed port of the HTTP API.")] = None,
) -> None:
    """Run the servers, all services and the HTTP API until Ctrl-C, and print their addresses."""
    from screenalytics.commands.up import up

    fixed = {
        "tansu": {"kafka": kafka_port},
        "secantusdb": {"mongo": mongo_port},
        "seaweedfs": {"s3": s3_port},
        "triton": {"grpc": triton_port},
    }
    ports = {
        server: {name: port for name, port in named.items() if port is not None} for server, named in fixed.items()
    }
    run_and_exit(up(keep=keep, ports={server: named for server, named in ports.items() if named}, api_port=api_port))


@app.command("emit")
def emit_command(
    video: VideoFile,
    episode: Annotated[str, typer.Option(help="Episode id, as my-show-s01e02.")],
    cast: CastFolder = None,
    profile: HowClosely = ProfileName.balanced,
    force: Force = False,
    video_stream: VideoStream = None,
) -> None:
    """Upload a video and publish episode.uploaded, as an outside emitter would; does not wait."""
    from screenalytics.commands.emit import emit

    run_and_exit(emit(video, episode=episode, cast=cast, profile=profile.value, force=force, video_stream=video_stream))


@app.command("watch")
def watch_command(
    place: Annotated[str, typer.Argument(metavar="DIR|s3://BUCKET/PREFIX", help="Where films turn up.")],
    profile: HowClosely = ProfileName.balanced,
    state: Annotated[
        Path | None, typer.Option(help="File that remembers what was seen; one of the user's if left out.")
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="How often to look.")] = 5.0,
    settle: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="A film is whole when it has not changed for so long.")
    ] = 15.0,
    once: Annotated[bool, typer.Option("--once", help="End when everything that is there was taken.")] = False,
) -> None:
    """Make an episode of every film that turns up in a place, once each, named as `run` names them; until Ctrl-C."""
    from screenalytics.commands.watch import watch

    run_and_exit(watch(place, profile=profile.value, state=state, every_s=every, settle_s=settle, once=once))


@app.command("verify")
def verify_command(
    statement: Annotated[Path, typer.Argument(metavar="FILE", help="What `proof` wrote.")],
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="The signer's public key, which you trust.")] = None,
    video: Annotated[Path | None, typer.Option(metavar="FILE", help="The video it should be of.")] = None,
    files: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The files of the result, as `run` leaves them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Hold a signed statement against video and files, without a network; names what does not match, and exits with 1."""
    from screenalytics.commands.verify import verify_statement

    raise typer.Exit(verify_statement(statement, key=key, video=video, files=files, as_json=as_json))


@app.command("tail")
def tail_command(
    topics: Annotated[list[str] | None, typer.Argument(help="Topics to follow; all if left out.")] = None,
    episode: Annotated[str | None, typer.Option(help="Only events of this episode.")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="Also what was published before.")] = False,
) -> None:
    """Follow events as an outside subscriber would, one JSON object per line."""
    from screenalytics.commands.tail import tail

    run_and_exit(tail(topics or [], episode=episode, from_beginning=from_beginning))


@app.command("serve")
def serve_command(
    service: Annotated[ServableName, typer.Argument(help="Which service, or `api`, or `console`.")],
) -> None:
    """Run one service until SIGTERM, as in a container.

    `api` serves the HTTP API of all in one process, with the console; `console` serves the console's files alone.
    """
    from screenalytics.commands.serve import serve

    run_and_exit(serve(service.value))


@app.command("doctor")
def doctor_command() -> None:
    """Say what is installed, running and reachable, and what to do about the rest."""
    from screenalytics.commands.doctor import doctor

    run_and_exit(doctor())


@app.command("config")
def config_command(
    service: Annotated[ServiceName | None, typer.Argument(help="Only this service.")] = None,
) -> None:
    """Print the settings in force, secrets masked."""
    from screenalytics.commands.config import print_config

    print_config(service.value if service else None)


@app.command("sample")
def sample_command(out: Annotated[Path, typer.Argument(help="Folder for the sample.")] = Path("out/sample")) -> None:
    """Make the sample episode and its cast folder."""
    from screenalytics.commands.sample import sample

    sample(out)


app.add_typer(models_app, name="models")
servers.register(app)
administration.register(app)
app.add_typer(catalogue_app, name="catalogue")
operator_cli.register(app)
