"""Facebanks, identities and screen-time revisions in MongoDB."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
from pymongo import ReplaceOne, ReturnDocument
from pymongo.errors import DuplicateKeyError

from chassis.store import Database, Document
from contracts.events import CastLinked, PictureVerdict, ScreenTimeReported
from contracts.rows import CastLink, ScreenTimeDocument
from services.identity.facebank import Reference


def _request_key(request_id: str) -> str:
    """A field name for a request that people may call anything: `a.b` is no path, `$set` no operator."""
    return hashlib.sha256(request_id.encode()).hexdigest()[:24]


class FacebankStore:
    """Reference pictures of a show's cast. A picture's id is its member and content, so a repeat replaces itself."""

    def __init__(self, database: Database) -> None:
        self._facebanks = database["facebanks"]
        self._pictures = database["facebank_pictures"]

    async def verdicts(self, show: str, request_id: str) -> tuple[int, list[PictureVerdict]] | None:
        """Revision and verdicts of a request that was answered before."""
        key = _request_key(request_id)
        found = await self._facebanks.find_one({"_id": show, f"requests.{key}": {"$exists": True}})
        if found is None:
            return None
        answer = found["requests"][key]
        return int(answer["revision"]), [PictureVerdict.model_validate(verdict) for verdict in answer["verdicts"]]

    async def save(
        self,
        show: str,
        *,
        request_id: str,
        names: dict[str, str],
        references: dict[str, list[Reference]],
        verdicts: Sequence[PictureVerdict],
        replace: bool,
    ) -> int:
        """Store what became of a request's pictures, then the facebank; returns its new revision."""
        pictures = [
            {
                "_id": f"{show}/{cast_id}/{reference.picture}",
                "show": show,
                "cast_id": cast_id,
                "picture": reference.picture,
                "vector": reference.vector.astype("<f4").tobytes(),
                "model_id": reference.model_id,
                "quality": reference.quality,
            }
            for cast_id, members in sorted(references.items())
            for reference in members
        ]
        if pictures:
            await self._pictures.bulk_write([ReplaceOne({"_id": doc["_id"]}, doc, upsert=True) for doc in pictures])
        if replace:
            await self._pictures.delete_many({"show": show, "_id": {"$nin": [doc["_id"] for doc in pictures]}})
        changes: Document = {f"members.{cast_id}": name for cast_id, name in names.items()}
        if replace:
            changes = {"members": names}
        after = await self._facebanks.find_one_and_update(
            {"_id": show},
            {"$set": changes, "$inc": {"revision": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        revision = int((after or {})["revision"])
        answer = {"revision": revision, "verdicts": [verdict.model_dump(mode="json") for verdict in verdicts]}
        await self._facebanks.update_one({"_id": show}, {"$set": {f"requests.{_request_key(request_id)}": answer}})
        return revision

    async def members(self, show: str) -> dict[str, str]:
        """cast_id -> name."""
        found = await self._facebanks.find_one({"_id": show}, {"members": 1})
        return dict(found.get("members", {})) if found else {}

    async def references(self, show: str) -> dict[str, list[Reference]]:
        """cast_id -> accepted pictures, in a fixed order."""
        found: dict[str, list[Reference]] = {}
        pictures = [picture async for picture in self._pictures.find({"show": show})]
        for picture in sorted(pictures, key=lambda picture: str(picture["_id"])):
            found.setdefault(picture["cast_id"], []).append(
                Reference(
                    picture=picture["picture"],
                    vector=np.frombuffer(picture["vector"], dtype="<f4"),
                    model_id=picture["model_id"],
                    quality=float(picture["quality"]),
                )
            )
        return found


class IdentityStore:
    """Who is who in an episode, and what was reported."""

    def __init__(self, database: Database) -> None:
        self._identities = database["identities"]
        self._screen_time = database["screen_time"]

    async def confirmed_links(self, ep_id: str) -> list[CastLink]:
        """Links that people made; they outlive re-runs because identity ids do."""
        found = await self._identities.find_one({"_id": ep_id}, {"links": 1})
        links = [CastLink.model_validate(link) for link in (found or {}).get("links", [])]
        return [link for link in links if link.by != "auto"]

    async def reported(self, run_id: str, grouping_revision: int) -> tuple[list[CastLinked], ScreenTimeReported] | None:
        """The events already emitted for a grouping, if any."""
        found = await self._screen_time.find_one({"run_id": run_id, "grouping_revision": grouping_revision})
        if found is None:
            return None
        links = [CastLinked.model_validate(link) for link in found["cast_linked"]]
        return links, ScreenTimeReported.model_validate(found["event"])

    async def next_revision(self, ep_id: str, run_id: str) -> tuple[int, ScreenTimeDocument | None]:
        """Number of the run's next revision, and the last document of it."""
        revisions = [doc async for doc in self._screen_time.find({"ep_id": ep_id, "run_id": run_id})]
        if not revisions:
            return 1, None
        last = max(revisions, key=lambda doc: int(doc["revision"]))
        return int(last["revision"]) + 1, ScreenTimeDocument.model_validate(last["document"])

    async def save(
        self,
        document: ScreenTimeDocument,
        *,
        grouping_revision: int,
        links: Sequence[CastLink],
        cast_linked: Sequence[CastLinked],
        event: ScreenTimeReported,
    ) -> None:
        """Store a revision with its events, then make it the episode's, unless a later run has taken the episode."""
        with suppress(DuplicateKeyError):  # another worker stored the same revision of the same run
            await self._screen_time.insert_one(
                {
                    "_id": f"{document.run_id}/{document.revision:05d}",
                    "ep_id": document.episode_id,
                    "run_id": document.run_id,
                    "revision": document.revision,
                    "grouping_revision": grouping_revision,
                    "document": document.model_dump(mode="json"),
                    "cast_linked": [link.model_dump(mode="json", by_alias=True) for link in cast_linked],
                    "event": event.model_dump(mode="json", by_alias=True),
                    "created_at": datetime.now(UTC),
                }
            )
        with suppress(DuplicateKeyError):  # the episode's document names a later run
            await self._identities.update_one(
                {"_id": document.episode_id, "run_id": {"$not": {"$gt": document.run_id}}},
                {
                    "$set": {
                        "run_id": document.run_id,
                        "revision": document.revision,
                        "links": [link.model_dump(mode="json") for link in links],
                    }
                },
                upsert=True,
            )
