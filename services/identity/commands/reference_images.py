"""Reference pictures over HTTP: examined, kept by content, and seen among the others of the show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from chassis.commands import Order, fingerprint
from chassis.errors import BadInput, Conflict, NotFound
from chassis.s3.storage import ObjectMissing
from chassis.service import Resources
from contracts.events import CastChanged, FacebankUpdated, PictureVerdict
from services.identity.commands.cast import CastCommands
from services.identity.facebank.admission import check_may_be_compared
from services.identity.facebank.cast import Answer, Picture
from services.identity.facebank.picture_quality import PictureQuality
from services.identity.media.examiner import Examiner, refusal
from services.identity.settings import IdentitySettings
from services.identity.store.facebanks import Change, FacebankStore


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it was sent; it is read when its turn comes."""

    filename: str
    size: int
    sha256: str
    read: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True, kw_only=True)
class PictureView:
    """A picture with how it stands among the others; `url` reads it for a while."""

    picture: Picture
    used: bool
    duplicate_of: str | None
    resembles: str | None
    url: str | None


@dataclass(frozen=True, kw_only=True)
class Reembedded:
    """A show's pictures after they were embedded again; `failed` are `cast_id/picture` without a usable face."""

    model_id: str
    pictures: int
    changed: int
    failed: tuple[str, ...]


class ReferenceImageCommands:
    """Takes pictures of cast members."""

    def __init__(
        self, resources: Resources[IdentitySettings], facebanks: FacebankStore, cast: CastCommands, examiner: Examiner
    ) -> None:
        self._resources = resources
        self._facebanks = facebanks
        self._cast = cast
        self._examiner = examiner

    async def add(self, show: str, cast_id: str, uploads: Sequence[Upload], order: Order) -> Answer:
        """Examine pictures and keep the good ones; the facebank's revision and a verdict on each, in order.

        Raises NotFound `unknown_show` and `unknown_cast_member`, Conflict `consent_missing` and `command_id_used`,
        DependencyUnavailable.
        """
        files = [[upload.filename, upload.sha256] for upload in uploads]
        asked = fingerprint("add_pictures", cast_id=cast_id, files=files)
        answered = await self._facebanks.answered(show, order.command_id, asked)
        if answered is not None:
            return answered
        before, _ = await self._cast.member(show, cast_id)
        required = self._resources.settings.facebank.require_consent
        check_may_be_compared(before, cast_id, consent_required=required)
        judged = [await self._examine(show, cast_id, upload) for upload in uploads]
        await self._facebanks.keep(show, [picture for _, picture in judged if picture is not None])
        standing = await self._standing(show)
        names = dict(before.members)
        verdicts = [
            verdict if picture is None else standing.verdict(verdict, picture, names) for verdict, picture in judged
        ]
        change = Change(
            events=lambda revision: [
                FacebankUpdated(show=show, request_id=order.command_id, revision=revision, verdicts=tuple(verdicts))
            ],
            verdicts=tuple(verdicts),
        )
        return await self._facebanks.change(show, order, asked, lambda _: change)

    async def _examine(self, show: str, cast_id: str, upload: Upload) -> tuple[PictureVerdict, Picture | None]:
        try:
            self._examiner.check_size(upload.size)
        except BadInput as error:
            return refusal(cast_id, upload.filename, error), None
        return await self._examiner.examine(show, cast_id, upload.filename, await upload.read())

    async def embed_again(self, show: str, model_id: str, order: Order) -> Reembedded:
        """Give every kept picture the vector of the served model, which must be `model_id`; those that have it stay.

        Each picture is kept at once, so that what was interrupted goes on where it stopped.
        Raises NotFound `unknown_show`, Conflict `another_model_served` and as `add`.
        """
        asked = fingerprint("embed_again", model_id=model_id)
        await self._cast.show(show)
        served = (await self._examiner.models()).model_id
        if served != model_id:
            raise Conflict("another_model_served", f"{served} is served, not {model_id}: start the services with it.")
        pictures = await self._facebanks.pictures(show)
        stale = [picture for picture in pictures if picture.reference.model_id != model_id]
        failed = []
        for picture in stale:
            again = await self._examiner.examine_again(picture)
            if again is None:
                failed.append(f"{picture.cast_id}/{picture.reference.picture}")
            else:
                await self._facebanks.keep(show, [again])
        if len(failed) < len(stale):
            change = Change(
                events=lambda revision: [
                    FacebankUpdated(show=show, request_id=order.command_id, revision=revision, verdicts=())
                ]
            )
            await self._facebanks.change(show, order, asked, lambda _: change)
        return Reembedded(
            model_id=model_id, pictures=len(pictures), changed=len(stale) - len(failed), failed=tuple(failed)
        )

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

    async def image(self, show: str, cast_id: str, picture: str) -> bytes:
        """The JPEG that is kept of a picture. Raises as `pictures`, and NotFound `unknown_picture`."""
        await self._cast.member(show, cast_id)
        kept = await self._facebanks.pictures(show, cast_id)
        ref = next((one.ref for one in kept if one.reference.picture == picture), None)
        if ref is None:
            raise _unknown_picture(cast_id, picture)
        try:
            return await self._resources.storage.read(ref.uri)
        except ObjectMissing as error:
            raise _unknown_picture(cast_id, picture) from error

    async def delete(self, show: str, cast_id: str, picture: str | None, order: Order) -> int:
        """Remove one picture of a member, or all; returns how many.

        Raises as `add`, and NotFound `unknown_picture`.
        """
        asked = fingerprint("delete_pictures", cast_id=cast_id, picture=picture)
        answered = await self._facebanks.answered(show, order.command_id, asked)
        if answered is not None:
            return int(answered.told["pictures"])
        _, name = await self._cast.member(show, cast_id)
        gone = await self._facebanks.drop(show, cast_id, picture)
        if picture is not None and not gone:
            raise _unknown_picture(cast_id, picture)
        await self.forget(show, gone)
        if not gone:
            return 0
        change = Change(
            events=lambda revision: [
                CastChanged(
                    show=show,
                    revision=revision,
                    action="pictures_removed",
                    cast_id=cast_id,
                    name=name,
                    who=order.who[:200],
                )
            ],
            told={"pictures": len(gone)},
        )
        answer = await self._facebanks.change(show, order, asked, lambda _: change)
        return int(answer.told["pictures"])

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


def _unknown_picture(cast_id: str, picture: str) -> NotFound:
    return NotFound("unknown_picture", f"{cast_id} has no picture {picture}: list the pictures to see them.")
