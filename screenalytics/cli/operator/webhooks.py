"""`screenalytics webhooks …`."""

from __future__ import annotations

from typing import Annotated

import typer

from screenalytics.cli.operator.options import AsJson

webhooks_app = typer.Typer(
    help="Addresses that are told what happens: add, list, show, change, remove, rotate, test, deliveries, replay.",
    no_args_is_help=True,
)

WebhookArgument = Annotated[str, typer.Argument(metavar="WEBHOOK", help="As `webhooks list` shows it.")]
Events = Annotated[
    list[str] | None, typer.Option("--event", help="Only this event (may be repeated), as screentime.reported.")
]
Shows = Annotated[list[str] | None, typer.Option("--show", help="Only of this show (may be repeated).")]
Cast = Annotated[list[str] | None, typer.Option("--cast", help="Only reports with this cast member (may be repeated).")]
MinVisible = Annotated[
    float | None,
    typer.Option("--min-visible-s", min=0, help="Only reports in which somebody is visible for so many seconds."),
]
Description = Annotated[str | None, typer.Option("--description", help="Whose it is, for people.")]


@webhooks_app.command("add")
def webhooks_add(
    url: Annotated[str, typer.Argument(help="Where to post to, as https://example.com/hook.")],
    event: Events = None,
    show: Shows = None,
    cast: Cast = None,
    min_visible_s: MinVisible = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Tell an address what happens from now on, and print its secret; it is shown this once only."""
    from screenalytics.commands.operator.webhooks import add

    add(
        url,
        events=event,
        shows=show,
        cast_ids=cast,
        min_visible_s=min_visible_s,
        description=description,
        as_json=as_json,
    )


@webhooks_app.command("list")
def webhooks_list(as_json: AsJson = False) -> None:
    """Every webhook, without its secret."""
    from screenalytics.commands.operator.webhooks import list_webhooks

    list_webhooks(as_json=as_json)


@webhooks_app.command("show")
def webhooks_show(webhook: WebhookArgument, as_json: AsJson = False) -> None:
    """One webhook."""
    from screenalytics.commands.operator.webhooks import show as show_webhook

    show_webhook(webhook, as_json=as_json)


@webhooks_app.command("change")
def webhooks_change(
    webhook: WebhookArgument,
    url: Annotated[str | None, typer.Option("--url", help="Another address.")] = None,
    event: Events = None,
    show: Shows = None,
    cast: Cast = None,
    min_visible_s: MinVisible = None,
    description: Description = None,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Tell it, or tell it nothing.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is named, and leave the rest."""
    from screenalytics.commands.operator.webhooks import change

    change(
        webhook,
        {
            "url": url,
            "events": event,
            "shows": show,
            "cast_ids": cast,
            "min_visible_s": min_visible_s,
            "description": description,
            "enabled": on,
        },
        as_json=as_json,
    )


@webhooks_app.command("remove")
def webhooks_remove(webhook: WebhookArgument) -> None:
    """Delete a webhook with its log and all that was to be told."""
    from screenalytics.commands.operator.webhooks import remove

    remove(webhook)


@webhooks_app.command("rotate")
def webhooks_rotate(webhook: WebhookArgument, as_json: AsJson = False) -> None:
    """Make a new secret and print it, this once; the one before is good for another day."""
    from screenalytics.commands.operator.webhooks import rotate

    rotate(webhook, as_json=as_json)


@webhooks_app.command("test")
def webhooks_test(webhook: WebhookArgument, as_json: AsJson = False) -> None:
    """Tell the address something that means nothing, and say what it answered; exit status 1 where it did not take it."""
    from screenalytics.commands.operator.webhooks import try_out

    raise typer.Exit(try_out(webhook, as_json=as_json))


@webhooks_app.command("deliveries")
def webhooks_deliveries(
    webhook: WebhookArgument,
    state: Annotated[str | None, typer.Option("--state", help="Only those: waiting, delivered or dead.")] = None,
    as_json: AsJson = False,
) -> None:
    """What was and is to be told, the latest first; --json has every try."""
    from screenalytics.commands.operator.webhooks import list_deliveries

    list_deliveries(webhook, state=state, as_json=as_json)


@webhooks_app.command("replay")
def webhooks_replay(
    webhook: WebhookArgument,
    messages: Annotated[
        list[str] | None, typer.Argument(metavar="[MESSAGE...]", help="As `webhooks deliveries` shows them.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="All in this state; dead where neither this nor messages are named.")
    ] = None,
) -> None:
    """Tell again what was told or given up."""
    from screenalytics.commands.operator.webhooks import replay

    replay(webhook, messages or [], state=state)
