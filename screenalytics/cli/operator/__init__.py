"""The operators' verbs on the command line; each is a request or two to the HTTP API."""

from __future__ import annotations

import typer

from screenalytics.cli.operator import clusters, people, results
from screenalytics.cli.operator.cast import cast_app
from screenalytics.cli.operator.episodes import episodes_app
from screenalytics.cli.operator.find import find_app
from screenalytics.cli.operator.privacy import privacy_app
from screenalytics.cli.operator.webhooks import webhooks_app


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.add_typer(episodes_app, name="episodes")
    app.add_typer(cast_app, name="cast")
    app.add_typer(find_app, name="find")
    app.add_typer(privacy_app, name="privacy")
    app.add_typer(webhooks_app, name="webhooks")
    for module in (people, clusters, results):
        module.register(app)
