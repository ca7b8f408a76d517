"""Videos on their way in: in parts straight to S3, in one piece through the API, or there already."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from chassis import telemetry
from chassis.commands import fingerprint, refuse_another
from chassis.errors import BadInput, Conflict, NotFound
from chassis.retrying import keep_doing
from chassis.s3.names import media_type_of, name_of, parse_uri
from chassis.s3.storage import ObjectMissing, Storage, hash_file
from contracts.blobs import VideoRef
from contracts.events import Profile
from services.ingest.commands.start_run import RunStarter
from services.ingest.models import FiledVideo, NewUpload, PartUrl, Registration, StartedRun, UploadView
from services.ingest.runs.keys import check_key, id_after, suffix_of, upload_key, video_folder, video_key
from services.ingest.runs.records import Upload
from services.ingest.runs.upload_parts import missing_parts, part_size, part_sizes
from services.ingest.settings import UploadSettings
from services.ingest.store.runs import IngestStore
from services.ingest.store.uploads import ABORTED, COMPLETED, OPEN, REJECTED, UploadStore

SWEEP_EVERY_S = 600.0


class UploadCommands:
    """What the router of uploads works with.

    A video lies below `uploads/` until its size and hash were checked; only then it gets the key of its content.
    """

    def __init__(
        self, uploads: UploadStore, store: IngestStore, storage: Storage, starter: RunStarter, settings: UploadSettings
    ) -> None:
        self._uploads = uploads
        self._store = store
        self._storage = storage
        self._starter = starter
        self._settings = settings

    async def begin(self, wanted: NewUpload, *, command: str, caller: str, who: str) -> UploadView:
        """A new upload, or the one that the same command of the same caller began.

        Args:
            caller: The id of the caller's credential: names are not unique, and the answer has URLs that write.
            who: What people call them.

        Raises:
            BadInput: `video_too_large`.
            Conflict: `command_id_used`, for another upload; `episode_taken`, before anything is sent.
        """
        asked = fingerprint("begin_upload", **wanted.model_dump(mode="json"))
        if wanted.bytes > self._settings.largest_bytes:
            raise BadInput(
                "video_too_large", f"A video may have {self._settings.largest_bytes} bytes: make it smaller."
            )
        known = await self._uploads.begun_by(command, caller)
        if known is not None:
            refuse_another(known.fingerprint, asked)
            return await self._view(known)
        if not wanted.force:
            await self._starter.check_ownership(wanted.ep_id, wanted.sha256)
        episode = await self._store.episodes.find(wanted.ep_id)
        upload_id = id_after(datetime.now(UTC), [episode.last_run_id if episode is not None else None])
        suffix = suffix_of(wanted.filename, wanted.media_type)
        key = upload_key(wanted.ep_id, upload_id, suffix)
        upload = Upload(
            **wanted.model_dump(),
            upload_id=upload_id,
            suffix=suffix,
            key=key,
            multipart_id=await self._storage.create_multipart(key, media_type=wanted.media_type),
            part_bytes=part_size(wanted.bytes, smallest=self._settings.part_bytes),
            state=OPEN,
            created_at=datetime.now(UTC),
            command=command,
            fingerprint=asked,
            caller=caller,
            who=who,
        )
        await self._uploads.add(upload)
        return await self._view(upload)

    async def find(self, upload_id: str) -> Upload:
        """An upload.

        Raises:
            NotFound: `unknown_upload`.
        """
        upload = await self._uploads.find(upload_id)
        if upload is None:
            raise unknown_upload(upload_id)
        return upload

    async def read(self, upload: Upload) -> UploadView:
        """Which parts are there, and where to put those that are not."""
        return await self._view(upload)

    async def complete(self, upload: Upload) -> UploadView:
        """Make the object, check it, file it with its episode and begin a run where that was wanted.

        Every step may be repeated, so a call that broke off is simply made again.

        Raises:
            Conflict: upload_incomplete, or upload_closed for one that was aborted or rejected.
            BadInput: `hash_mismatch`; the object is removed.
        """
        if upload.state == COMPLETED:
            return await self._view(upload)
        if upload.state != OPEN:
            raise Conflict("upload_closed", f"The upload {upload.upload_id} is {upload.state}: begin another one.")
        video = VideoRef(
            uri=self._storage.uri(video_key(upload.ep_id, upload.sha256, upload.suffix)),
            sha256=upload.sha256,
            bytes=upload.bytes,
            media_type=upload.media_type,
            filename=upload.filename,
        )
        if not await self._is_there(video):
            await self._join(upload)
            await self._check(upload)
            await self._storage.adopt(
                self._storage.uri(upload.key),
                parse_uri(video.uri)[1],
                sha256=upload.sha256,
                media_type=upload.media_type,
            )
        run = await self._file(
            upload.ep_id,
            video,
            title=upload.title,
            profile=upload.profile,
            start=upload.start,
            force=upload.force,
            command=upload.upload_id,
            who=upload.who,
        )
        await self._close(upload, COMPLETED, run_id=run.run_id if run else None)
        return await self._view(await self.find(upload.upload_id))

    async def abort(self, upload: Upload) -> UploadView:
        """Throw an unfinished upload away; one that is closed stays as it is."""
        if upload.state == OPEN:
            await self._close(upload, ABORTED)
        return await self._view(await self.find(upload.upload_id))

    async def take(
        self,
        ep_id: str,
        file: BinaryIO,
        filename: str,
        *,
        title: str | None,
        profile: Profile,
        start: bool,
        force: bool,
        command: str,
        who: str,
    ) -> FiledVideo:
        """File a video that came through the API.

        Raises:
            BadInput: `empty_file`.
            Conflict: `episode_taken`.
        """
        suffix = suffix_of(filename)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"video{suffix}"
            await asyncio.to_thread(_write, path, file)
            digest, size = await asyncio.to_thread(hash_file, path)
            if size == 0:
                raise BadInput("empty_file", "The file is empty: choose another one.")
            asked = _fingerprint(digest, title=title, profile=profile, start=start, force=force)
            if not force and await self._starter.earlier(ep_id, command, asked) is None:
                await self._starter.check_ownership(ep_id, digest)
            key = video_key(ep_id, digest, suffix)
            if await self._storage.find(key) != (size, digest):
                await self._storage.upload_file(key, path, hashed=(digest, size))
        video = VideoRef(
            uri=self._storage.uri(key),
            sha256=digest,
            bytes=size,
            media_type=media_type_of(f"video{suffix}"),
            filename=filename[:255],
        )
        run = await self._file(
            ep_id, video, title=title, profile=profile, start=start, force=force, command=command, who=who
        )
        return FiledVideo(ep_id=ep_id, sha256=digest, bytes=size, run=run)

    async def register(self, ep_id: str, wanted: Registration, *, command: str, who: str) -> FiledVideo:
        """File a video that is in the bucket: below the episode's own prefix, so that nobody gets at another's videos.

        Raises:
            Malformed: `bad_key`.
            BadInput: not_our_object, object_missing, empty_file or hash_mismatch.
            Conflict: `episode_taken`.
        """
        bucket, key = parse_uri(wanted.uri)
        check_key(key)
        name = key.removeprefix(video_folder(ep_id))
        plain = name and name != key and "/" not in name and name.isprintable()
        if bucket != self._storage.bucket or not plain:
            place = self._storage.uri(video_folder(ep_id))
            raise BadInput("not_our_object", f"Only a video directly below {place} can be registered: put it there.")
        size, digest = await self._storage.describe(wanted.uri)
        if size == 0:
            raise BadInput("empty_file", "The object is empty: upload it again.")
        if digest is None or wanted.sha256 not in {None, digest}:
            digest, size = await self._storage.hash_object(wanted.uri)
        if wanted.sha256 not in {None, digest}:
            raise BadInput("hash_mismatch", "The object has another sha256 than you say: upload it again.")
        video = VideoRef(
            uri=wanted.uri, sha256=digest, bytes=size, media_type=wanted.media_type, filename=name_of(wanted.uri)
        )
        run = await self._file(
            ep_id,
            video,
            title=wanted.title,
            profile=wanted.profile,
            start=wanted.start,
            force=wanted.force,
            command=command,
            who=who,
        )
        return FiledVideo(ep_id=ep_id, sha256=digest, bytes=size, run=run)

    async def run(self) -> None:
        """Throw uploads away that nobody completed; several replicas may."""
        await keep_doing(self.sweep, every_s=SWEEP_EVERY_S, what="upload sweep")

    async def sweep(self) -> int:
        """Abort every open upload that is too old; returns how many."""
        old = await self._uploads.forgotten(self._settings.forgotten_after_s)
        for upload in old:
            try:
                await self._close(upload, ABORTED)
            except Exception as error:
                telemetry.logger().warning("upload not thrown away", upload=upload.upload_id, error=str(error)[:300])
        return len(old)

    async def _file(
        self,
        ep_id: str,
        video: VideoRef,
        *,
        title: str | None,
        profile: Profile,
        start: bool,
        force: bool,
        command: str,
        who: str,
    ) -> StartedRun | None:
        asked = _fingerprint(video.sha256 or "", title=title, profile=profile, start=start, force=force)
        earlier = await self._starter.earlier(ep_id, command, asked)
        if earlier is not None:
            return earlier
        await self._starter.file(ep_id, video, title=title, force=force, command=command)
        if not start:
            return None
        return await self._starter.start(ep_id, profile=profile, force=False, command=command, who=who, asked=asked)

    async def _is_there(self, video: VideoRef) -> bool:
        """Whether this content was checked before."""
        return await self._storage.find(parse_uri(video.uri)[1]) == (video.bytes, video.sha256)

    async def _join(self, upload: Upload) -> None:
        """Make one object of the parts, unless an earlier call did."""
        try:
            parts = await self._storage.list_parts(upload.key, upload.multipart_id)
        except ObjectMissing:
            if await self._storage.find(upload.key) is None:
                raise
            return
        sizes = part_sizes(upload.bytes, upload.part_bytes)
        missing = missing_parts(sizes, {number: part.bytes for number, part in parts.items()})
        if missing:
            raise Conflict(
                "upload_incomplete",
                f"{len(missing)} of {len(sizes)} parts are missing or have a wrong size, the first is {missing[0]}: "
                "PUT them to the URLs of GET /uploads/{upload_id}.",
            )
        wanted = {number: parts[number] for number in range(1, len(sizes) + 1)}
        await self._storage.complete_multipart(upload.key, upload.multipart_id, wanted)

    async def _check(self, upload: Upload) -> None:
        digest, size = await self._storage.hash_object(self._storage.uri(upload.key))
        if (digest, size) != (upload.sha256, upload.bytes):
            await self._close(upload, REJECTED)
            raise BadInput(
                "hash_mismatch",
                f"What came has {size} bytes and the sha256 {digest}, which is not what was announced; it was removed: "
                "upload it again.",
            )

    async def _close(self, upload: Upload, state: str, *, run_id: str | None = None) -> None:
        """Leave nothing below `uploads/` and note what became of it."""
        await self._storage.abort_multipart(upload.key, upload.multipart_id)
        await self._storage.delete_keys([upload.key])
        await self._uploads.close(upload.upload_id, state, run_id=run_id)

    async def _view(self, upload: Upload) -> UploadView:
        sizes = part_sizes(upload.bytes, upload.part_bytes)
        here: dict[int, int] = {}
        if upload.state == OPEN:
            try:
                parts = await self._storage.list_parts(upload.key, upload.multipart_id)
                here = {number: part.bytes for number, part in parts.items()}
            except ObjectMissing:  # all parts came and a call of `complete` broke off
                here = dict(enumerate(sizes, start=1))
        missing = missing_parts(sizes, here) if upload.state == OPEN else []
        urls = [
            PartUrl(
                part=number,
                bytes=sizes[number - 1],
                url=await self._storage.presign_part(
                    upload.key, upload.multipart_id, number, expires_s=self._settings.url_seconds
                ),
            )
            for number in missing[: self._settings.urls_at_once]
        ]
        return UploadView(
            upload_id=upload.upload_id,
            ep_id=upload.ep_id,
            state=upload.state,
            bytes=upload.bytes,
            part_bytes=upload.part_bytes,
            parts=len(sizes),
            uploaded=tuple(sorted(set(here) - set(missing))),
            missing=len(missing),
            urls=tuple(urls),
            urls_expire_in_s=self._settings.url_seconds if urls else None,
            run_id=upload.run_id,
        )


def unknown_upload(upload_id: str) -> NotFound:
    return NotFound("unknown_upload", f"There is no upload {upload_id}: begin one with POST /uploads.")


def _fingerprint(sha256: str, *, title: str | None, profile: Profile, start: bool, force: bool) -> str:
    return fingerprint("file_video", sha256=sha256, title=title, profile=profile, start=start, force=force)


def _write(path: Path, file: BinaryIO) -> None:
    file.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(file, target, 1 << 20)
