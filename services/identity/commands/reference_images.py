"""Reference pictures over HTTP: examined, kept by content, and seen among the others of the show."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.errors import BadInput, NotFound
from chassis.service import Resources
from contracts.blobs import PictureRef
from contracts.events import CastChanged, FacebankUpdated, PictureVerdict
from services.identity.commands.cast import CastCommands
from services.identity.facebank.admission import check_may_be_compared
from services.identity.facebank.cast import Answer, Picture
from services.identity.facebank.picture_quality import PictureQuality
from services.identity.media.examiner import Examiner, refusal
from services.identity.settings import IdentitySettings
from services.identity.store.facebanks import Change, FacebankStore

_FORMATS = (
    (b"\xff\xd8", ".jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", ".png", "image/png"),
    (b"RIFF", ".webp", "image/webp"),
)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it was sent."""

    filename: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class PictureView:
    """A picture with how it stands among the others; `url` reads it for a while."""

    picture: Picture
    used: bool
    duplicate_of: str | None
    resembles: str | None
    url: str | None


class ReferenceImageCommands:
    """Takes pictures of cast members."""

    def __init__(
        self, resources: Resources[IdentitySettings], facebanks: FacebankStore, cast: CastCommands, examiner: Examiner
    ) -> None:
        self._resources = resources
        self._facebanks = facebanks
        self._cast = cast
        self._examiner = examiner

    async def add(self, show: str, cast_id: str, uploads: Sequence[Upload], request_id: str) -> Answer:
        """Examine pictures and keep the good ones; the facebank's revision and a verdict on each, in order.

        Raises NotFound `unknown_show` and `unknown_cast_member`, Conflict `consent_missing`, DependencyUnavailable.
        """
        before, _ = await self._cast.member(show, cast_id)
        required = self._resources.settings.facebank.require_consent
        check_may_be_compared(before, cast_id, consent_required=required)
        answered = await self._facebanks.answered(show, request_id)
        if answered is not None:
            return answered
        judged = [await self._examine(show, cast_id, upload) for upload in uploads]
        await self._facebanks.keep(show, [picture for _, picture in judged if picture is not None])
        standing = await self._standing(show)
        names = dict(before.members)
        verdicts = [
            verdict if picture is None else standing.verdict(verdict, picture, names) for verdict, picture in judged
        ]
        change = Change(
            events=lambda revision: [
                FacebankUpdated(show=show, request_id=request_id, revision=revision, verdicts=tuple(verdicts))
            ]
        )
        return await self._facebanks.answer(show, request_id, verdicts, change)

    async def _examine(self, show: str, cast_id: str, upload: Upload) -> tuple[PictureVerdict, Picture | None]:
        most = self._resources.settings.facebank.max_picture_bytes
        if len(upload.data) > most:
            error = BadInput("file_too_large", f"The file has more than {most // 2**20} MiB: use a smaller one.")
            return refusal(cast_id, upload.filename, error), None
        digest = hashlib.sha256(upload.data).hexdigest()
        suffix, media_type = next(
            ((suffix, media) for start, suffix, media in _FORMATS if upload.data.startswith(start)),
            (".bin", "application/octet-stream"),
        )
        key = f"raw/facebank/{show}/{cast_id}/{digest[:16]}{suffix}"
        ref = PictureRef(
            uri=self._resources.storage.uri(key),
            sha256=digest,
            bytes=len(upload.data),
            media_type=media_type,
            filename=upload.filename,
        )
        verdict, picture = await self._examiner.examine(cast_id, ref, upload.data)
        if picture is not None:
            await self._resources.storage.put(key, upload.data, media_type=media_type)
            picture = Picture(cast_id=cast_id, reference=picture.reference, ref=ref, added_at=datetime.now(UTC))
        return verdict, picture

    async def pictures(self, show: str, cast_id: str) -> list[PictureView]:
        """A member's pictures. Raises as `add`."""
        await self._cast.member(show, cast_id)
        standing = await self._standing(show)
        return [
            PictureView(
                picture=picture,
                used=standing.is_used(cast_id, picture.reference.picture),
                duplicate_of=standing.duplicate_of(cast_id, picture.reference.picture),
                resembles=standing.resembles(cast_id, picture.reference.picture),
                url=await self._url(picture),
            )
            for picture in await self._facebanks.pictures(show, cast_id)
        ]

    async def delete(self, show: str, cast_id: str, picture: str | None, who: str) -> int:
        """Remove one picture of a member, or all; returns how many.

        Raises as `add`, and NotFound `unknown_picture`.
        """
        _, name = await self._cast.member(show, cast_id)
        gone = await self._facebanks.drop(show, cast_id, picture)
        if picture is not None and not gone:
            raise NotFound("unknown_picture", f"{cast_id} has no picture {picture}: list the pictures to see them.")
        await self.forget(show, gone)
        if gone:
            await self._facebanks.change(
                show,
                lambda _: Change(
                    events=lambda revision: [
                        CastChanged(
                            show=show,
                            revision=revision,
                            action="pictures_removed",
                            cast_id=cast_id,
                            name=name,
                            who=who[:200],
                        )
                    ]
                ),
            )
        return len(gone)

    async def forget(self, show: str, pictures: Sequence[Picture]) -> None:
        """Delete the files that we keep of pictures."""
        ours = self._resources.storage.uri(f"raw/facebank/{show}/")
        for picture in pictures:
            if picture.ref is not None and picture.ref.uri.startswith(ours):
                key = picture.ref.uri.removeprefix(self._resources.storage.uri(""))
                await self._resources.storage.delete_prefix(key)

    async def _url(self, picture: Picture) -> str | None:
        if picture.ref is None:
            return None
        seconds = self._resources.settings.api.url_seconds
        return await self._resources.storage.get_presigned_url(picture.ref.uri, expires_s=seconds, public=True)

    async def _standing(self, show: str) -> PictureQuality:
        pictures = await self._facebanks.pictures(show)
        models = await self._examiner.models()
        return PictureQuality(
            pictures,
            model_id=models.model_id,
            dimension=models.dimension,
            calibration=models.calibration,
            rules=self._resources.settings.recognition,
        )
