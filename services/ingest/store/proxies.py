"""The making of proxies in MongoDB: one document for each, from the wish to what became of it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError
from ulid import ULID

from chassis.mongo.database import Database, Document
from services.ingest.runs.records import Failure

ProxyState = Literal["queued", "making", "ready", "failed"]
MOST_TRIES = 3
"""Of a proxy whose makers end without a word."""


class ProxyJob(BaseModel):
    """One proxy. `fraction` is how much of the episode is encoded, `claim` names who makes it now."""

    model_config = ConfigDict(frozen=True)

    proxy_id: str = Field(alias="_id")
    ep_id: str
    run_id: str
    state: ProxyState
    fraction: float = 0.0
    tries: int = 0
    claim: str | None = None
    multipart_id: str | None = None
    failure: Failure | None = None

    @property
    def path(self) -> tuple[str, str]:
        """Where its object lies among the proxies: the episode, and the file's name."""
        return self.ep_id, self.proxy_id.removeprefix(f"{self.ep_id}/")


class ProxyStore:
    """Every change of a proxy that is being made names its claim, so that of two makers one is told to stop."""

    def __init__(self, database: Database) -> None:
        self._proxies = database["proxies"]

    async def find(self, ep_id: str, name: str) -> ProxyJob | None:
        found = await self._proxies.find_one({"_id": f"{ep_id}/{name}"})
        return _read(found) if found is not None else None

    async def want(self, ep_id: str, name: str, run_id: str) -> ProxyJob:
        """Ask for a proxy; one that failed is tried again, one that is asked for already stays as it is."""
        now, key = datetime.now(UTC), f"{ep_id}/{name}"
        queued = {"state": "queued", "run_id": run_id, "fraction": 0.0, "tries": 0, "due_at": now, "asked_at": now}
        with suppress(DuplicateKeyError):
            await self._proxies.insert_one({"_id": key, "ep_id": ep_id, **queued})
        again = {"$set": queued, "$unset": {"failure": "", "claim": ""}}
        await self._proxies.update_one({"_id": key, "state": "failed"}, again)
        found = await self._proxies.find_one({"_id": key})
        return _read(found or {"_id": key, "ep_id": ep_id, **queued})

    async def claim(self, *, for_s: float) -> ProxyJob | None:
        """The proxy that waits longest, or whose maker is not heard of any more; None where there is none."""
        now = datetime.now(UTC)
        found = await self._proxies.find_one_and_update(
            {"state": {"$in": ["queued", "making"]}, "due_at": {"$lte": now}},
            {
                "$set": {"state": "making", "claim": str(ULID()), "due_at": now + timedelta(seconds=for_s)},
                "$inc": {"tries": 1},
            },
            sort=[("due_at", ASCENDING)],
            return_document=ReturnDocument.AFTER,
        )
        return _read(found) if found is not None else None

    async def note(self, job: ProxyJob, *, for_s: float, **facts: object) -> bool:
        """Note how far it is, and keep the claim; False where the proxy is somebody else's now, or nobody's."""
        due_at = datetime.now(UTC) + timedelta(seconds=for_s)
        done = await self._proxies.update_one(_own(job), {"$set": {"due_at": due_at, **facts}})
        return bool(done.matched_count)

    async def finish(self, job: ProxyJob) -> None:
        gone = {"claim": "", "due_at": "", "multipart_id": ""}
        await self._proxies.update_one(_own(job), {"$set": {"state": "ready", "fraction": 1.0}, "$unset": gone})

    async def fail(self, job: ProxyJob, failure: Failure) -> None:
        gone = {"claim": "", "due_at": "", "multipart_id": ""}
        told = {"state": "failed", "failure": failure.model_dump()}
        await self._proxies.update_one(_own(job), {"$set": told, "$unset": gone})

    async def put_off(self, job: ProxyJob, *, for_s: float) -> None:
        """Give the claim back, for somebody to try again; what is away does not count as a try."""
        later = {"state": "queued", "due_at": datetime.now(UTC) + timedelta(seconds=for_s)}
        await self._proxies.update_one(
            _own(job), {"$set": later, "$inc": {"tries": -1}, "$unset": {"claim": "", "multipart_id": ""}}
        )

    async def forget(self, ep_id: str, *, until: datetime) -> list[ProxyJob]:
        """Remove what was asked for up to a moment: the episode was deleted then. Whoever makes it is told to stop."""
        old = {"ep_id": ep_id, "asked_at": {"$lte": until}}
        found = [_read(document) async for document in self._proxies.find(old)]
        await self._proxies.delete_many(old)
        return found


def _own(job: ProxyJob) -> Document:
    return {"_id": job.proxy_id, "claim": job.claim}


def _read(found: Document) -> ProxyJob:
    return ProxyJob.model_validate(found)
