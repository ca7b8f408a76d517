"""The API of sessions on no stores, and a command beside it, for tests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import httpx

from chassis.http import application
from chassis.http.auth import Operator
from chassis.http.keys import ApiKeys
from chassis.http.routing import Router
from chassis.settings import AuthSettings, ChassisSettings
from services.ingest.routers import oidc, session


class Collection:
    """As much of a collection as keys, sessions and the audit log need."""

    def __init__(self) -> None:
        self.documents: dict[Any, dict[str, Any]] = {}

    async def insert_one(self, document: dict[str, Any]) -> None:
        self.documents[document.get("_id", len(self.documents))] = dict(document)

    async def find_one(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        return self.documents.get(wanted["_id"])

    async def update_one(self, wanted: dict[str, Any], change: dict[str, Any]) -> Any:
        self.documents[wanted["_id"]] |= change["$set"]
        return SimpleNamespace(matched_count=1)

    async def delete_one(self, wanted: dict[str, Any]) -> None:
        self.documents.pop(wanted["_id"], None)

    async def delete_many(self, wanted: dict[str, Any]) -> None:
        over = [key for key, one in self.documents.items() if one["expires_at"] < wanted["expires_at"]["$lt"]]
        for key in over:
            del self.documents[key]


class Signing:
    """The API of sessions, and a command beside it."""

    def __init__(self, **auth: Any) -> None:
        self.database = cast("Any", {name: Collection() for name in ("api_keys", "sessions", "audit")})
        self.keys = ApiKeys(self.database)
        commands = Router(tags=[])

        @commands.post("/shows/{show}/change", include_in_schema=False)
        async def change(show: str, principal: Operator) -> str:
            return f"{show} by {principal.name}"

        self.app = application.build("Test", [session.router, oidc.router, commands])
        settings = ChassisSettings(auth=AuthSettings(**({"mode": "keys"} | auth)))
        application.connect(self.app, settings, self.database, [])

    def browser(self, address: str = "http://localhost") -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=address)

    async def signed_in(self, role: Any = "operator", **key: Any) -> tuple[httpx.AsyncClient, str, str]:
        """A browser with a session, its CSRF token, and the id of its key."""
        made, text = await self.keys.create(name="Otto", role=role, **key)
        browser = self.browser()
        answer = await browser.post("/session", headers={"X-API-Key": text})
        assert answer.is_success, answer.text
        return browser, answer.json()["data"]["csrf_token"], made.key_id
