"""Reference pictures: events in, domain calls, events out."""

from __future__ import annotations

from chassis.bus import Origin
from chassis.errors import BadInput
from chassis.service import Resources
from contracts.blobs import BlobRef, PictureRef
from contracts.events import CastUploaded, Event, FacebankUpdated, PictureVerdict
from services.identity.examination import Examiner, refusal
from services.identity.facebank_requests import Answer
from services.identity.facebank_store import FacebankStore, Picture
from services.identity.settings import IdentitySettings


class FacebankHandlers:
    """What identity does with reference pictures."""

    def __init__(self, resources: Resources[IdentitySettings], store: FacebankStore, examiner: Examiner) -> None:
        self._storage = resources.storage
        self._store = store
        self._examiner = examiner

    async def cast_uploaded(self, event: CastUploaded, _origin: Origin) -> list[Event]:
        """Check and embed every picture, store the good ones, and say what became of each."""
        answer = await self._store.answered(event.show, event.request_id) or await self._handle(event)
        return [
            FacebankUpdated(
                show=event.show, request_id=event.request_id, revision=answer.revision, verdicts=answer.verdicts
            )
        ]

    async def _handle(self, event: CastUploaded) -> Answer:
        pictures: list[Picture] = []
        verdicts = []
        for member in event.cast:
            for ref in member.pictures:
                verdict, picture = await self._examine(member.cast_id, ref)
                verdicts.append(verdict)
                if picture is not None:
                    pictures.append(picture)
        return await self._store.save(
            event.show,
            request_id=event.request_id,
            names={member.cast_id: member.name for member in event.cast},
            pictures=pictures,
            verdicts=verdicts,
            replace=event.replace,
        )

    async def _examine(self, cast_id: str, ref: PictureRef) -> tuple[PictureVerdict, Picture | None]:
        blob = BlobRef(uri=ref.uri, sha256=ref.sha256, bytes=ref.bytes, media_type=ref.media_type)
        try:
            data = await self._storage.get(blob)
        except BadInput as error:
            return refusal(cast_id, ref.filename, error), None
        return await self._examiner.examine(cast_id, ref, data)
