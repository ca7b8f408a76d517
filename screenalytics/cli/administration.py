"""`screenalytics dlq`, `keys`, `runs` and `retention`: looking after services that run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from screenalytics.cli.running import run_and_exit

dlq_app = typer.Typer(help="Dead letters: list, show, replay, drop.", no_args_is_help=True)
keys_app = typer.Typer(help="Keys of the HTTP API: create, list, revoke.", no_args_is_help=True)
runs_app = typer.Typer(help="Runs of episodes: list, show, cancel, resume.", no_args_is_help=True)
retention_app = typer.Typer(help="What is kept only for a time: run.", no_args_is_help=True)

Places = Annotated[list[str], typer.Argument(metavar="PLACE...", help="service/partition/offset, as `dlq list` shows.")]
RunIdArgument = Annotated[str, typer.Argument(metavar="RUN", help="Run id, as `runs list` shows.")]


class RoleChoice(StrEnum):
    viewer = "viewer"
    operator = "operator"
    admin = "admin"


def register(app: typer.Typer) -> None:
    """Add these to the command line."""
    app.add_typer(dlq_app, name="dlq")
    app.add_typer(keys_app, name="keys")
    app.add_typer(runs_app, name="runs")
    app.add_typer(retention_app, name="retention")


@dlq_app.command("list")
def dlq_list(
    service: Annotated[str | None, typer.Option(help="Only letters of this service.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were replayed or dropped.")] = False,
) -> None:
    """The messages that services gave up on."""
    from screenalytics.commands.dlq import list_letters

    run_and_exit(list_letters(service, everything=everything))


@dlq_app.command("show")
def dlq_show(place: Annotated[str, typer.Argument(help="service/partition/offset.")]) -> None:
    """Everything about one dead letter, as JSON."""
    from screenalytics.commands.dlq import show

    run_and_exit(show(place))


@dlq_app.command("replay")
def dlq_replay(
    places: Places,
    again: Annotated[bool, typer.Option("--again", help="Also letters that were replayed or dropped before.")] = False,
) -> None:
    """Publish the original messages to the topics they came from."""
    from screenalytics.commands.dlq import replay

    run_and_exit(replay(places, again=again))


@dlq_app.command("drop")
def dlq_drop(places: Places) -> None:
    """Put dead letters aside: nothing is done about them."""
    from screenalytics.commands.dlq import drop

    run_and_exit(drop(places))


@keys_app.command("create")
def keys_create(
    name: Annotated[str, typer.Argument(help="Whose key it is, for the audit log.")],
    role: Annotated[RoleChoice, typer.Option(help="What the key may do.")] = RoleChoice.viewer,
    show: Annotated[list[str] | None, typer.Option(help="Only this show (may be repeated); all if left out.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long it is good for; without end if left out.")] = None,
) -> None:
    """Make a key and print it; it is shown this once only."""
    from screenalytics.commands.keys import create

    run_and_exit(create(name, role=role.value, shows=show, days=days))


@keys_app.command("list")
def keys_list() -> None:
    """Every key, without the key itself."""
    from screenalytics.commands.keys import list_keys

    run_and_exit(list_keys())


@keys_app.command("revoke")
def keys_revoke(key_id: Annotated[str, typer.Argument(help="As `keys list` shows it.")]) -> None:
    """End a key; processes that have just seen it follow within ten seconds."""
    from screenalytics.commands.keys import revoke

    run_and_exit(revoke(key_id))


@runs_app.command("list")
def runs_list(
    episode: Annotated[str | None, typer.Option(help="Only runs of this episode.")] = None,
    state: Annotated[str | None, typer.Option(help="running, finished, failed, cancelled or superseded.")] = None,
) -> None:
    """Every run, the latest first."""
    from screenalytics.commands.runs import list_runs

    run_and_exit(list_runs(episode=episode, state=state))


@runs_app.command("show")
def runs_show(run: RunIdArgument) -> None:
    """State and progress of one run, as JSON."""
    from screenalytics.commands.runs import show

    run_and_exit(show(run))


@runs_app.command("cancel")
def runs_cancel(run: RunIdArgument) -> None:
    """Stop a run; what it found so far is not reported."""
    from screenalytics.commands.runs import cancel

    run_and_exit(cancel(run))


@runs_app.command("resume")
def runs_resume(run: RunIdArgument) -> None:
    """Let a failed or cancelled run go on with the segments it lacks."""
    from screenalytics.commands.runs import resume

    run_and_exit(resume(run))


@retention_app.command("run")
def retention_run(
    is_trial: Annotated[bool, typer.Option("--dry-run", help="Only count what is over its time.")] = False,
) -> None:
    """Remove what is over its time by SCREENALYTICS_RETENTION__…; nothing where no number of days is set."""
    from screenalytics.commands.retention import run_retention

    run_and_exit(run_retention(is_trial=is_trial))
