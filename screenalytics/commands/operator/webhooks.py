"""`screenalytics webhooks`: addresses that are told what happens."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from pydantic import ValidationError

from chassis.errors import BadInput
from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.output import Columns, note, several, show_one, tell
from screenalytics.commands.operator.output import show as show_all
from screenalytics.http_client import models
from screenalytics.http_client.client import Client

TRIED_FOR_S = 30.0
"""How long `webhooks test` waits for what comes of it."""
LOOK_EVERY_S = 0.3
NOT_TAKEN = 1

WEBHOOKS: Columns = {
    "webhook": lambda one: one.webhook_id,
    "address": lambda one: one.url,
    "events": lambda one: ", ".join(one.events) or "all",
    "shows": lambda one: ", ".join(one.shows) or "all",
    "cast": lambda one: ", ".join(one.cast_ids),
    "from s": lambda one: one.min_visible_s,
    "told": lambda one: "yes" if one.enabled else one.why_off or "off",
    "description": lambda one: one.description,
}


def _answer(one: models.DeliveryView) -> object:
    if not one.log:
        return None
    latest = one.log[-1]
    return latest.status if latest.status is not None else latest.error


DELIVERIES: Columns = {
    "message": lambda one: one.message_id,
    "event": lambda one: one.event,
    "of": lambda one: one.ep_id or one.show,
    "happened": lambda one: one.occurred_at,
    "state": lambda one: one.state,
    "tries": lambda one: one.tries,
    "answer": _answer,
    "due": lambda one: one.due_at,
}


def add(
    url: str,
    *,
    events: Sequence[str] | None,
    shows: Sequence[str] | None,
    cast_ids: Sequence[str] | None,
    min_visible_s: float | None,
    description: str | None,
    as_json: bool,
) -> None:
    """Make a webhook and print its secret."""
    wanted = {
        "url": url,
        "events": events,
        "shows": shows,
        "cast_ids": cast_ids,
        "min_visible_s": min_visible_s,
        "description": description,
    }
    body = _body(models.NewWebhook, wanted)
    with connect() as api:
        made = api.create_webhook(body).data
    tell(made.secret, made, as_json=as_json)
    note(f"webhook {made.webhook_id}; its secret is shown this once")


def list_webhooks(*, as_json: bool) -> None:
    """Every webhook."""
    with connect() as api:
        found = list(every(lambda cursor: api.list_webhooks(cursor=cursor).data))
    show_all(found, as_json=as_json, columns=WEBHOOKS, nothing="no webhooks")


def show(webhook_id: str, *, as_json: bool) -> None:
    """One webhook."""
    with connect() as api:
        show_one(api.read_webhook(webhook_id).data, as_json=as_json)


def change(webhook_id: str, fields: Mapping[str, Any], *, as_json: bool) -> None:
    """Change what is named.

    Raises:
        BadInput: `nothing_to_change` where nothing is.
    """
    body = _body(models.WebhookChange, fields)
    if not body.model_fields_set:
        raise BadInput(
            "nothing_to_change", "Name what is to be otherwise: `webhooks change --help` shows what there is."
        )
    with connect() as api:
        show_one(api.change_webhook(webhook_id, body).data, as_json=as_json)


def remove(webhook_id: str) -> None:
    """Delete a webhook."""
    with connect() as api:
        api.delete_webhook(webhook_id)
    print(f"{webhook_id} is deleted")


def rotate(webhook_id: str, *, as_json: bool) -> None:
    """Make a new secret and print it."""
    with connect() as api:
        made = api.rotate_webhook_secret(webhook_id).data
    tell(made.secret, made, as_json=as_json)
    note("for a day messages are signed with the secret before as well")


def try_out(webhook_id: str, *, as_json: bool) -> int:
    """Send a test and wait for the first try; the exit status."""
    with connect() as api:
        asked = api.test_webhook(webhook_id).data
        found = _first_try(api, webhook_id, asked)
    answered = found.log[-1] if found.log else None
    if answered is None:
        sentence = f"nothing was sent within {TRIED_FOR_S:g} s: is the webhooks service running?"
    else:
        sentence = f"answered {answered.status}" if answered.status is not None else f"not reached: {answered.error}"
    tell(sentence, found, as_json=as_json)
    return 0 if found.state == "delivered" else NOT_TAKEN


def list_deliveries(webhook_id: str, *, state: str | None, as_json: bool) -> None:
    """What was and is to be told."""
    with connect() as api:
        found = list(
            every(lambda cursor: api.list_webhook_deliveries(webhook_id, state=cast("Any", state), cursor=cursor).data)
        )
    show_all(found, as_json=as_json, columns=DELIVERIES, nothing="nothing was told, and nothing is to be")


def replay(webhook_id: str, messages: Sequence[str], *, state: str | None) -> None:
    """Tell again."""
    body = _body(models.ReplayRequest, {"message_ids": list(messages) or None, "state": state})
    with connect() as api:
        done = api.replay_webhook(webhook_id, body).data
    print(f"{several(done.messages, 'message')} will be told again")


def _first_try(api: Client, webhook_id: str, asked: models.DeliveryView) -> models.DeliveryView:
    deadline = time.monotonic() + TRIED_FOR_S
    found = asked
    while not found.log and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
        listed = api.list_webhook_deliveries(webhook_id, limit=50).data.items
        found = next((one for one in listed if one.message_id == asked.message_id), found)
    return found


def _body(kind: type[Any], fields: Mapping[str, Any]) -> Any:
    """A request of what is given; raises BadInput `invalid_request` for values that cannot be."""
    try:
        return kind.model_validate({name: value for name, value in fields.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput("invalid_request", f"{first['loc'][0]}: {first['msg']}") from None
