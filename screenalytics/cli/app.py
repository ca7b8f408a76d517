"""The command line. Exit status: 0 done, 1 the pipeline failed, 2 bad input or usage, 130 or 143 told to end."""

from __future__ import annotations

import gc
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from screenalytics.cli import operator as operator_cli
from screenalytics.cli.catalogue import catalogue_app
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
models_app = typer.Typer(help="The model weights: list, pull, verify, use, add.", no_args_is_help=True)
app.add_typer(models_app, name="models")
topics_app = typer.Typer(help="The Kafka topics: list, create, access list.", no_args_is_help=True)
app.add_typer(topics_app, name="topics")
indexes_app = typer.Typer(help="The MongoDB collections and indexes: list, create.", no_args_is_help=True)
app.add_typer(indexes_app, name="indexes")

dlq_app = typer.Typer(help="Dead letters: list, show, replay, drop.", no_args_is_help=True)
app.add_typer(dlq_app, name="dlq")
keys_app = typer.Typer(help="Keys of the HTTP API: create, list, revoke.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
runs_app = typer.Typer(help="Runs of episodes: list, show, cancel, resume.", no_args_is_help=True)
app.add_typer(runs_app, name="runs")
retention_app = typer.Typer(help="What is kept only for a time: run.", no_args_is_help=True)
app.add_typer(retention_app, name="retention")
app.add_typer(catalogue_app, name="catalogue")


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


class RightsChoice(StrEnum):
    mongo = "mongo"
    s3 = "s3"
    seaweedfs = "seaweedfs"
    configmap = "configmap"


class RoleChoice(StrEnum):
    viewer = "viewer"
    operator = "operator"
    admin = "admin"


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


def _run(coroutine: Coroutine[Any, Any, int | None]) -> NoReturn:
    from screenalytics.commands.ending import run_to_its_end

    raise typer.Exit(run_to_its_end(coroutine))


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

    _run(
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
    _run(up(keep=keep, ports={server: named for server, named in ports.items() if named}, api_port=api_port))


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

    _run(emit(video, episode=episode, cast=cast, profile=profile.value, force=force, video_stream=video_stream))


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

    _run(watch(place, profile=profile.value, state=state, every_s=every, settle_s=settle, once=once))


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

    _run(tail(topics or [], episode=episode, from_beginning=from_beginning))


@app.command("serve")
def serve_command(
    service: Annotated[ServableName, typer.Argument(help="Which service, or `api`, or `console`.")],
) -> None:
    """Run one service until SIGTERM, as in a container.

    `api` serves the HTTP API of all in one process, with the console; `console` serves the console's files alone.
    """
    from screenalytics.commands.serve import serve

    _run(serve(service.value))


@app.command("doctor")
def doctor_command() -> None:
    """Say what is installed, running and reachable, and what to do about the rest."""
    from screenalytics.commands.doctor import doctor

    _run(doctor())


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


@models_app.command("list")
def models_list() -> None:
    """Every model with its licence, and whether it is ready."""
    from screenalytics.commands.models import list_command

    list_command()


@models_app.command("pull")
def models_pull() -> None:
    """Fetch, check and convert what is missing."""
    from screenalytics.commands.models import pull_command

    pull_command()


@models_app.command("verify")
def models_verify() -> None:
    """Hash every model file again."""
    from screenalytics.commands.models import verify_command

    verify_command()


@models_app.command("use")
def models_use(name: Annotated[str, typer.Argument(help="An embedder of the registry.")]) -> None:
    """Change the embedder: choose it, then embed pictures and episodes again without reading the videos."""
    from screenalytics.commands.models import use_command

    use_command(name)


@models_app.command("add")
def models_add(
    name: Annotated[str, typer.Argument(help="Name in the registry.")],
    onnx: Annotated[Path, typer.Argument(help="The ONNX file.")],
    licence: Annotated[str, typer.Option(help="Licence of the weights, as the owner states it.")],
    mean: Annotated[float, typer.Option(help="Subtracted from every pixel value.")] = 127.5,
    scale: Annotated[float, typer.Option(help="Pixel values are divided by this after that.")] = 127.5,
    bgr: Annotated[bool, typer.Option("--bgr", help="The model takes blue, green, red.")] = False,
) -> None:
    """Register an embedder of your own that takes ArcFace chips (ArcFace, AdaFace … as ONNX)."""
    from screenalytics.commands.models import add_command

    add_command(name, onnx, licence=licence, mean=mean, scale=scale, bgr=bgr)


@topics_app.command("list")
def topics_list() -> None:
    """Every declared topic with its partitions and retention."""
    from screenalytics.commands.topics import list_topics

    list_topics()


@topics_app.command("apply")
def topics_apply() -> None:
    """Create the declared topics that are missing; exit status 1 when one has too few partitions."""
    from screenalytics.commands.topics import apply

    _run(apply())


@topics_app.command("acls")
def topics_acls() -> None:
    """Print which service reads and writes which topic, and the commands that allow just that."""
    from screenalytics.commands.topics import print_acls

    _run(print_acls())


@app.command("rights")
def rights_command(server: Annotated[RightsChoice, typer.Argument(help="For which server.")]) -> None:
    """Print what each service may do in MongoDB or S3, as that server's own roles, policies or identities."""
    from screenalytics.commands.rights import print_rights

    print_rights(server.value)


@indexes_app.command("list")
def indexes_list() -> None:
    """Every declared collection with its owner and indexes."""
    from screenalytics.commands.indexes import list_indexes

    list_indexes()


@indexes_app.command("apply")
def indexes_apply() -> None:
    """Create the declared indexes that are missing."""
    from screenalytics.commands.indexes import apply

    _run(apply())


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the audit log.")],
    role: Annotated[RoleChoice, typer.Option(help="What the key may do.")] = RoleChoice.viewer,
    show: Annotated[list[str] | None, typer.Option(help="Only this show (may be repeated); all if left out.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long it is good for; without end if left out.")] = None,
) -> None:
    """Make a key and print it; it is shown this once only."""
    from screenalytics.commands.keys import create

    _run(create(name, role=role.value, shows=show, days=days))


@keys_app.command("list")
def keys_list() -> None:
    """Every key, without the key itself."""
    from screenalytics.commands.keys import list_keys

    _run(list_keys())


@keys_app.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """End a key; processes that have just seen it follow within ten seconds."""
    from screenalytics.commands.keys import revoke

    _run(revoke(key_id))


Places = Annotated[list[str], typer.Argument(metavar="PLACE...", help="service/partition/offset, as `dlq list` shows.")]
RunIdArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run id, as `runs list` shows.")]


@dlq_app.command("list")
def dlq_list(
    service: Annotated[str | None, typer.Option(help="Only letters of this service.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were replayed or dropped.")] = False,
) -> None:
    """The messages that services gave up on."""
    from screenalytics.commands.dlq import list_letters

    _run(list_letters(service, everything=everything))


@dlq_app.command("show")
def dlq_show(place: Annotated[str, typer.Argument(help="service/partition/offset.")]) -> None:
    """Everything about one dead letter, as JSON."""
    from screenalytics.commands.dlq import show

    _run(show(place))


@dlq_app.command("replay")
def dlq_replay(
    places: Places,
    again: Annotated[bool, typer.Option("--again", help="Also letters that were replayed or dropped before.")] = False,
) -> None:
    """Publish the original messages to the topics they came from."""
    from screenalytics.commands.dlq import replay

    _run(replay(places, again=again))


@dlq_app.command("drop")
def dlq_drop(places: Places) -> None:
    """Put dead letters aside: nothing is done about them."""
    from screenalytics.commands.dlq import drop

    _run(drop(places))


@runs_app.command("list")
def runs_list(
    episode: Annotated[str | None, typer.Option(help="Only runs of this episode.")] = None,
    state: Annotated[str | None, typer.Option(help="running, finished, failed, cancelled or superseded.")] = None,
) -> None:
    """Every run, the latest first."""
    from screenalytics.commands.runs import list_runs

    _run(list_runs(episode=episode, state=state))


@runs_app.command("show")
def runs_show(run: RunIdArgument) -> None:
    """State and progress of one run, as JSON."""
    from screenalytics.commands.runs import show

    _run(show(run))


@runs_app.command("cancel")
def runs_cancel(run: RunIdArgument) -> None:
    """Stop a run; what it found so far is not reported."""
    from screenalytics.commands.runs import cancel

    _run(cancel(run))


@runs_app.command("resume")
def runs_resume(run: RunIdArgument) -> None:
    """Let a failed or cancelled run go on with the segments it lacks."""
    from screenalytics.commands.runs import resume

    _run(resume(run))


@retention_app.command("run")
def retention_run(
    is_trial: Annotated[bool, typer.Option("--dry-run", help="Only count what is over its time.")] = False,
) -> None:
    """Remove what is over its time by SCREENALYTICS_RETENTION__…; nothing where no number of days is set."""
    from screenalytics.commands.retention import run_retention

    _run(run_retention(is_trial=is_trial))


operator_cli.register(app)
