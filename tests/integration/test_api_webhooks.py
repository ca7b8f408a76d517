"""Webhooks from the event in Kafka to the receiver: told once, tried again, given up, told again, forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from aiohttp import web
from standardwebhooks import Webhook

from chassis import service
from chassis.kafka.bus import Origin
from chassis.mongo.database import Database, ensure_indexes
from chassis.settings import AuthSettings, KafkaSettings, MongoSettings, SecretAddress
from contracts.events import EpisodeDeleted, Event, PersonErased, ScreenTimeReported, ScreenTimeSigned
from screenalytics.local.servers import Stack
from services.webhooks.app import wire
from services.webhooks.commands.dispatcher import Dispatcher
from services.webhooks.handlers import WebhookHandlers
from services.webhooks.sending.sender import Sender
from services.webhooks.settings import WebhookSettings, WebhooksSettings
from services.webhooks.store.deliveries import DeliveryStore
from services.webhooks.store.webhooks import WebhookStore
from tests.support.api_examples import hold
from tests.support.examples import EXAMPLES

pytestmark = pytest.mark.integration

SIGNED = next(event for event in EXAMPLES if isinstance(event, ScreenTimeSigned))
REPORT = next(event for event in EXAMPLES if isinstance(event, ScreenTimeReported))
DELETED = next(event for event in EXAMPLES if isinstance(event, EpisodeDeleted))
ERASED = next(event for event in EXAMPLES if isinstance(event, PersonErased))
SETTINGS = WebhookSettings(
    allowed_networks=("127.0.0.0/8",), allow_http=True, max_tries=2, backoff_first_s=0.001, backoff_max_s=0.001
)


@dataclass
class Receiver:
    """A receiver as Standard Webhooks describes one."""

    url: str = ""
    status: int = 204
    seen: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.seen.append(({name.lower(): value for name, value in request.headers.items()}, await request.text()))
        return web.Response(status=self.status)

    def read(self, secret: str) -> list[dict[str, Any]]:
        """What arrived, as its library reads it."""
        return [Webhook(secret).verify(body, headers) for headers, body in self.seen]


@dataclass
class Rig:
    """The service on the test's servers; a test says when it looks for what is due."""

    client: httpx.AsyncClient
    handlers: WebhookHandlers
    dispatcher: Dispatcher
    sender: Sender
    receiver: Receiver

    async def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = await self.client.request(method, path, json=body)
        assert answer.status_code == status, answer.text
        content = answer.json()
        return content["data"] if content["success"] else content["error"]

    async def add(self, **wish: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.ask("POST", "/webhooks", {"url": self.receiver.url, **wish}, status=201)
        return made

    async def happens(self, event: Event, *, later_s: float = 1.0) -> None:
        """An event, as the bus hands it over."""
        at = datetime.now(UTC) + timedelta(seconds=later_s)
        await self.handlers.happened(event, Origin(event_id=event.event_id, time=at, topic=event.TOPIC))

    async def tell(self) -> None:
        """Tell everything that is due."""
        for _ in range(20):
            await self.dispatcher.begin(self.sender)
            await self.dispatcher.finished()
            await asyncio.sleep(0.01)

    async def log(self, webhook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        page = await self.ask("GET", f"/webhooks/{webhook['webhook_id']}/deliveries{query}")
        items: list[dict[str, Any]] = page["items"]
        return items


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[Rig]:
    addresses = stack.environment()
    settings = WebhooksSettings(
        kafka=KafkaSettings(bootstrap_servers=addresses["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"]),
        mongo=MongoSettings(uri=SecretAddress(addresses["SCREENALYTICS_MONGO__URI"]), database=database.name),
        auth=AuthSettings(mode="off"),
        webhooks=SETTINGS,
    )
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with (
        service.connect("webhooks", settings, inference=False) as resources,
        Sender.connected(SETTINGS) as sender,
    ):
        await ensure_indexes(resources.database, owner="webhooks")
        api = service.application_of("webhooks", resources, wire(resources))
        webhooks, deliveries = WebhookStore(resources.database), DeliveryStore(resources.database)
        transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Rig(
                client,
                WebhookHandlers(webhooks, deliveries),
                Dispatcher(webhooks, deliveries, SETTINGS),
                sender,
                receiver,
            )
    await runner.cleanup()


async def test_an_event_is_told_once_however_often_it_arrives(rig: Rig) -> None:
    webhook = await rig.add(events=["screentime.reported"], shows=["my-show"], min_visible_s=10)
    others = await rig.add(shows=["another-show"])
    await rig.happens(REPORT)
    await rig.happens(REPORT)
    await rig.happens(DELETED, later_s=0.5)  # no news to this webhook
    await rig.tell()
    (read,) = rig.receiver.read(webhook["secret"])
    assert ScreenTimeReported.model_validate(read["data"]) == REPORT
    (told,) = await rig.log(webhook)
    assert (told["message_id"], told["state"], told["tries"]) == (REPORT.event_id, "delivered", 1)
    assert [one["status"] for one in told["log"]] == [204]
    assert await rig.log(others) == []
    await rig.happens(REPORT)
    await rig.tell()
    assert len(rig.receiver.seen) == 1


async def test_what_is_not_taken_is_tried_again_given_up_and_told_again_on_request(rig: Rig) -> None:
    webhook = await rig.add()
    rig.receiver.status = 500
    await rig.happens(REPORT)
    await rig.tell()
    (given_up,) = await rig.log(webhook, "?state=dead")
    assert [one["status"] for one in given_up["log"]] == [500, 500]
    assert given_up["due_at"] is None
    rig.receiver.status = 200
    path = f"/webhooks/{webhook['webhook_id']}/replay"
    assert await rig.ask("POST", path, {}, status=202) == {"messages": 1}
    await rig.tell()
    assert len({headers["webhook-id"] for headers, _ in rig.receiver.seen}) == 1
    assert len(rig.receiver.seen) == 3
    (told,) = await rig.log(webhook)
    assert (told["state"], told["tries"], len(told["log"])) == ("delivered", 1, 3)
    assert await rig.ask("POST", path, {"message_ids": [REPORT.event_id]}, status=202) == {"messages": 1}
    assert await rig.ask("POST", path, {"state": "dead"}, status=202) == {"messages": 0}


async def test_an_address_that_is_gone_is_told_no_more(rig: Rig) -> None:
    webhook = await rig.add()
    rig.receiver.status = 410
    await rig.happens(REPORT)
    await rig.tell()
    await rig.happens(REPORT.model_copy(update={"revision": 2}))
    await rig.tell()
    assert len(rig.receiver.seen) == 1
    path = f"/webhooks/{webhook['webhook_id']}"
    assert (await rig.ask("GET", path))["why_off"].startswith("the address answered 410")
    assert (await rig.ask("POST", f"{path}/test", status=409))["code"] == "webhook_off"
    rig.receiver.status = 200
    assert (await rig.ask("PATCH", path, {"enabled": True}))["why_off"] is None
    await rig.ask("POST", f"{path}/test", status=202)
    await rig.tell()
    assert json.loads(rig.receiver.seen[-1][1])["type"] == "webhook.test"


async def test_a_new_secret_and_the_one_before_are_both_good_and_neither_is_shown_again(rig: Rig) -> None:
    webhook = await rig.add()
    path = f"/webhooks/{webhook['webhook_id']}"
    rotated = await rig.ask("POST", f"{path}/secret")
    await rig.happens(REPORT)
    await rig.tell()
    assert rig.receiver.read(webhook["secret"]) == rig.receiver.read(rotated["secret"])
    assert "whsec_" not in json.dumps([await rig.ask("GET", path), await rig.ask("GET", "/webhooks")])


async def test_the_log_forgets_who_and_what_is_erased(rig: Rig) -> None:
    webhook = await rig.add()
    await rig.happens(REPORT)
    await rig.happens(ERASED, later_s=2)
    assert [one["event"] for one in await rig.log(webhook)] == ["person.erased"]
    for number, note in enumerate((None, "Ada is right now"), start=1):
        signed = SIGNED.signed_off.model_copy(update={"note": note})
        told = SIGNED.model_copy(update={"version": number, "signed_off": signed})
        await rig.happens(told, later_s=2.5)
    await rig.happens(ERASED.model_copy(update={"erasure_id": "another"}), later_s=2.8)
    kept = [one["event"] for one in await rig.log(webhook)]
    assert sorted(kept) == ["person.erased", "screentime.signed"], "a note may name whoever is erased"
    await rig.happens(REPORT.model_copy(update={"revision": 2, "cast": ()}), later_s=3)
    await rig.happens(DELETED, later_s=4)
    assert {one["event"] for one in await rig.log(webhook)} == {"person.erased", "episode.deleted"}
    await rig.ask("DELETE", f"/webhooks/{webhook['webhook_id']}")
    await rig.tell()
    assert rig.receiver.seen == []


async def test_what_the_api_refuses(rig: Rig) -> None:
    webhook = await rig.add()
    assert (await rig.ask("POST", "/webhooks", {"url": rig.receiver.url}, status=409))["code"] == "webhook_exists"
    for url in ("http://10.0.0.1/", "ftp://example.com/", "https://ann:secret@example.com/"):
        assert (await rig.ask("POST", "/webhooks", {"url": url}, status=422))["code"] == "bad_webhook_url"
        path = f"/webhooks/{webhook['webhook_id']}"
        assert (await rig.ask("PATCH", path, {"url": url}, status=422))["code"] == "bad_webhook_url"
    await rig.ask("POST", "/webhooks", {"url": rig.receiver.url, "events": ["segment.ready"]}, status=422)


async def test_the_log_is_read_page_by_page(rig: Rig) -> None:
    webhook = await rig.add()
    for revision in range(1, 6):
        await rig.happens(REPORT.model_copy(update={"revision": revision}), later_s=revision)
    seen, query = [], "?limit=2"
    while True:
        page = await rig.ask("GET", f"/webhooks/{webhook['webhook_id']}/deliveries{query}")
        seen += [item["message_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=2&cursor={page['next_cursor']}"
    assert seen == [REPORT.model_copy(update={"revision": revision}).event_id for revision in range(5, 0, -1)]


async def test_the_api_answers_as_the_page_says(rig: Rig) -> None:
    await hold("webhooks.md", rig.client, {})
