"""Who called which command."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query

from chassis.http.audit_log import AuditEntry, AuditLog
from chassis.http.auth import Admin
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok
from chassis.http.routing import Router
from contracts.ids import EpId, Slug
from services.ingest.routers.parameters import Cursor, Limit

router = Router(tags=["audit"])


@router.get("/audit")
async def list_audit(
    principal: Admin,
    log: Annotated[AuditLog, Depends(Provide(AuditLog))],
    ep_id: Annotated[EpId | None, Query()] = None,
    show: Annotated[Slug | None, Query()] = None,
    who: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ApiResult[Page[AuditEntry]]:
    """List the commands that were called, the latest first."""
    shows = principal.shows
    if show is not None:
        shows = frozenset({show}) if principal.may_see(show) else frozenset()
    return ok(await log.list(ep_id=ep_id, shows=shows, who=who, cursor=cursor, limit=limit))
