"""`/webhooks`: addresses that are told what happens. For admins: an address may hold a secret of its own."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query

from chassis.http.auth import Admin
from chassis.http.errors import ApiError
from chassis.http.parts import Provide
from chassis.http.results import LARGEST_PAGE, ApiResult, Page, ok, page_of
from chassis.http.routing import Router
from services.webhooks.commands.webhooks import WebhookCommands, may_touch
from services.webhooks.routers.models import (
    DeliveryView,
    NewWebhook,
    Replayed,
    ReplayRequest,
    WebhookChange,
    WebhookView,
    WebhookWithSecret,
    delivery_view,
    view_of,
    with_secret,
)
from services.webhooks.subscriptions.deliveries import State
from services.webhooks.subscriptions.subscription import Wish

router = Router(tags=["webhooks"])
Webhooks = Annotated[WebhookCommands, Depends(Provide(WebhookCommands))]
WebhookId = Annotated[str, Path(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$", description="A ULID.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="Items on the page.")]

WISH = ("events", "shows", "cast_ids", "min_visible_s")


@router.post("/webhooks", status_code=201)
async def create_webhook(body: NewWebhook, webhooks: Webhooks, principal: Admin) -> ApiResult[WebhookWithSecret]:
    """Tell an address what happens from now on. The answer has the secret, which is shown this once."""
    wish = Wish(**{name: getattr(body, name) for name in WISH})
    if not may_touch(principal, wish):
        raise ApiError(403, "forbidden", "You may only tell of your shows: name them in `shows`.")
    made = await webhooks.create(principal, body.url, wish, body.description)
    return ok(with_secret(made.webhook, made.secret))


@router.get("/webhooks")
async def list_webhooks(
    webhooks: Webhooks, principal: Admin, limit: Limit = 100, cursor: Cursor = None
) -> ApiResult[Page[WebhookView]]:
    """Every webhook, the oldest first."""
    shown = [view_of(webhook) for webhook in await webhooks.all(principal)]
    return ok(page_of(shown, key=lambda one: (one.webhook_id,), kinds=(str,), cursor=cursor, limit=limit))


@router.get("/webhooks/{webhook_id}")
async def read_webhook(webhook_id: WebhookId, webhooks: Webhooks, principal: Admin) -> ApiResult[WebhookView]:
    """One webhook."""
    return ok(view_of(await webhooks.find(principal, webhook_id)))


@router.patch("/webhooks/{webhook_id}")
async def change_webhook(
    webhook_id: WebhookId, body: WebhookChange, webhooks: Webhooks, principal: Admin
) -> ApiResult[WebhookView]:
    """Change a webhook, or turn it off and on. What happens while it is off is not told later."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    given = {name: value for name, value in given.items() if value is not None or name == "min_visible_s"}
    wish = {name: value for name, value in given.items() if name in WISH}
    fields = {name: value for name, value in given.items() if name not in WISH}
    return ok(view_of(await webhooks.change(principal, webhook_id, wish=wish, fields=fields)))


@router.delete("/webhooks/{webhook_id}")
async def delete_webhook(webhook_id: WebhookId, webhooks: Webhooks, principal: Admin) -> ApiResult[bool]:
    """Delete a webhook with its log and all that was to be told."""
    await webhooks.remove(principal, webhook_id)
    return ok(True)


@router.post("/webhooks/{webhook_id}/secret")
async def rotate_webhook_secret(
    webhook_id: WebhookId, webhooks: Webhooks, principal: Admin
) -> ApiResult[WebhookWithSecret]:
    """Make a new secret, shown this once; for a day messages are signed with the one before as well."""
    made = await webhooks.rotate(principal, webhook_id)
    return ok(with_secret(made.webhook, made.secret))


@router.post("/webhooks/{webhook_id}/test", status_code=202)
async def test_webhook(webhook_id: WebhookId, webhooks: Webhooks, principal: Admin) -> ApiResult[DeliveryView]:
    """Tell the address a `webhook.test`; what came of it is in the deliveries."""
    return ok(delivery_view(await webhooks.test(principal, webhook_id)))


@router.get("/webhooks/{webhook_id}/deliveries")
async def list_webhook_deliveries(
    webhook_id: WebhookId,
    webhooks: Webhooks,
    principal: Admin,
    state: Annotated[State | None, Query(description="Only those.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ApiResult[Page[DeliveryView]]:
    """What was and is to be told in the last two weeks, the latest event first, with every try."""
    page = await webhooks.deliveries(principal, webhook_id, state=state, cursor=cursor, limit=limit)
    return ok(Page(items=tuple(map(delivery_view, page.items)), next_cursor=page.next_cursor))


@router.post("/webhooks/{webhook_id}/replay", status_code=202)
async def replay_webhook(
    webhook_id: WebhookId, body: ReplayRequest, webhooks: Webhooks, principal: Admin
) -> ApiResult[Replayed]:
    """Tell again what was told or given up, under the same ids: some messages, or all that are in a state."""
    state = body.state or (None if body.message_ids else "dead")
    messages = await webhooks.replay(principal, webhook_id, message_ids=body.message_ids, state=state)
    return ok(Replayed(messages=messages))
