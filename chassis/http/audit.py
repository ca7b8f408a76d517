"""The audit log: every command that somebody called leaves who, what, when and what it was about.

A command is what needs more than the role viewer, accepted or refused. What viewers may call reads, even where its
method is POST because its question does not fit into an address. Who comes back from
the OIDC issuer signed in is noted too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import telemetry
from chassis.mongo.database import Database

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_SUBJECTS = frozenset({"ep_id", "show"})


class AuditSubject:
    """What a command is about, for operations whose path does not name it."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._state = connection.state

    def episode(self, ep_id: str) -> None:
        self._state.audit_subject = {"ep_id": ep_id}

    def show(self, show: str) -> None:
        self._state.audit_subject = {"show": show}


Subject = Annotated[AuditSubject, Depends(AuditSubject)]


class Audit:
    """ASGI middleware: notes commands in the log and in the `audit` collection.

    What a command changed is in the document it changed; this is the list of who called.
    """

    def __init__(self, app: ASGIApp, database: Database) -> None:
        self._app = app
        self._audit = database["audit"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        state = scope.setdefault("state", {})
        await self._app(scope, receive, noting)
        is_command = state.get("is_sign_in", False) if scope["method"] in _READING else state.get("is_command", True)
        if state.get("principal") is None or not is_command:
            return
        entry = _entry(scope, state, status)
        telemetry.logger().info("command", **{name: value for name, value in entry.items() if name != "at"})
        try:
            await self._audit.insert_one(entry)
        except Exception as error:
            telemetry.logger().error("audit entry not stored", error=str(error)[:300])


def _entry(scope: Scope, state: dict[str, Any], status: int) -> dict[str, Any]:
    principal = state["principal"]
    in_path = {
        name: str(value).strip().lower() for name, value in scope.get("path_params", {}).items() if name in _SUBJECTS
    }
    return {
        "at": datetime.now(UTC),
        "who": principal.name,
        "caller": principal.id[:500],
        "role": principal.role.name,
        "method": scope["method"],
        "path": str(scope["path"])[:500],
        "status": status,
        "from": (scope.get("client") or ("unknown",))[0],
        **state.get("audit_subject", {}),
        **in_path,
    }
