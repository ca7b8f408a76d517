"""`screenalytics topics`, `indexes` and `rights`: what the services need in servers that others run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from screenalytics.cli.running import run_and_exit

topics_app = typer.Typer(help="The Kafka topics: list, create, access list.", no_args_is_help=True)
indexes_app = typer.Typer(help="The MongoDB collections and indexes: list, create.", no_args_is_help=True)


class RightsChoice(StrEnum):
    mongo = "mongo"
    s3 = "s3"
    seaweedfs = "seaweedfs"
    configmap = "configmap"


def register(app: typer.Typer) -> None:
    """Add these to the command line."""
    app.add_typer(topics_app, name="topics")
    app.add_typer(indexes_app, name="indexes")
    app.command("rights")(rights_command)


@topics_app.command("list")
def topics_list() -> None:
    """Every declared topic with its partitions and retention."""
    from screenalytics.commands.topics import list_topics

    list_topics()


@topics_app.command("apply")
def topics_apply() -> None:
    """Create the declared topics that are missing; exit status 1 when one has too few partitions."""
    from screenalytics.commands.topics import apply

    run_and_exit(apply())


@topics_app.command("acls")
def topics_acls() -> None:
    """Print which service reads and writes which topic, and the commands that allow just that."""
    from screenalytics.commands.topics import print_acls

    run_and_exit(print_acls())


@indexes_app.command("list")
def indexes_list() -> None:
    """Every declared collection with its owner and indexes."""
    from screenalytics.commands.indexes import list_indexes

    list_indexes()


@indexes_app.command("apply")
def indexes_apply() -> None:
    """Create the declared indexes that are missing."""
    from screenalytics.commands.indexes import apply

    run_and_exit(apply())


def rights_command(server: Annotated[RightsChoice, typer.Argument(help="For which server.")]) -> None:
    """Print what each service may do in MongoDB or S3, as that server's own roles, policies or identities."""
    from screenalytics.commands.rights import print_rights

    print_rights(server.value)
