"""Puts videos and pictures into S3 and publishes the events that speak of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aiokafka import AIOKafkaProducer
from ulid import ULID

from chassis.domain.pictures import decode_picture, encode_plain, is_plain
from chassis.errors import BadInput, Conflict
from chassis.kafka.connection import client_options
from chassis.s3.names import media_type_of
from chassis.s3.storage import Storage, hash_file
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.blobs import PictureRef, VideoRef
from contracts.events import CastPictures, CastUploaded, EpisodeUploaded, Event, PictureVerdict, Profile
from screenalytics.events.cast_folder import MemberPictures
from screenalytics.events.growing_files import growing
from services.identity.rules import PictureRules
from services.identity.settings import FacebankSettings

SOURCE = "/screenalytics/cli"
PICTURES_AN_EVENT = 1000
"""So many references to pictures are well within the size of a message."""


async def check_unclaimed(storage: Storage, path: Path, ep_id: str) -> None:
    """Refuse a video before it is sent where others were put there for the episode and this content was not.

    Whoever waits for the run hears it from ingest, who decides.

    Raises:
        Conflict: `episode_taken`.
    """
    digest, _ = await asyncio.to_thread(hash_file, path)
    await check_content_unclaimed(storage, digest, ep_id)


async def check_content_unclaimed(storage: Storage, digest: str, ep_id: str) -> None:
    """As `check_unclaimed`, by the sha256 of the video."""
    others = [key async for key in storage.list_keys(f"raw/videos/{ep_id}/")]
    if others and not any(key.rsplit("/", 1)[-1].startswith(digest[:16]) for key in others):
        raise Conflict(
            "episode_taken",
            f"Another video was uploaded for {ep_id} already: name another episode, or replace that one with --force.",
        )


def video_key(ep_id: str, digest: str, suffix: str) -> str:
    """Where a video of an episode lies: the same content under the same key."""
    return f"raw/videos/{ep_id}/{digest[:16]}{suffix.lower()}"


async def upload_video(storage: Storage, path: Path, ep_id: str) -> VideoRef:
    """Put a video under the episode's raw prefix; the same content goes to the same key and is not sent twice.

    Raises:
        BadInput: `file_growing`, when the file is written to meanwhile: a recording that goes on, a copy under way.
    """
    before = _written(path)
    digest, size = hashed = await asyncio.to_thread(hash_file, path)
    key = video_key(ep_id, digest, path.suffix)
    if await storage.find(key) != (size, digest):
        await storage.upload_file(key, path, hashed=hashed)
    if _written(path) != before:
        raise growing(path)
    return VideoRef(
        uri=storage.uri(key), sha256=digest, bytes=size, media_type=media_type_of(path.name), filename=path.name
    )


def _written(path: Path) -> tuple[int, int]:
    """Size and time of the last write."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def refuse(verdict: PictureVerdict) -> None:
    """What is done with a picture that cannot be opened where nobody asks for more. Raises BadInput."""
    raise BadInput(verdict.code, f"{verdict.filename}: {verdict.message}")


async def upload_pictures(
    storage: Storage,
    show: str,
    members: Sequence[MemberPictures],
    *,
    on_refused: Callable[[PictureVerdict], None] = refuse,
) -> tuple[CastPictures, ...]:
    """Put the pictures of a cast into S3, their pixels only: what else a file says, of a place or a camera, stays here.

    `on_refused` hears of each that cannot be opened; that one is not uploaded.
    """
    uploaded = []
    for member in members:
        pictures = []
        for path in member.pictures:
            shown = member.shown(path)
            try:
                plain = await asyncio.to_thread(_plain, path)
            except BadInput as error:
                on_refused(
                    PictureVerdict(
                        cast_id=member.cast_id, filename=shown, accepted=False, code=error.code, message=error.message
                    )
                )
                continue
            key = f"raw/facebank/{show}/{member.cast_id}/{hashlib.sha256(plain).hexdigest()[:16]}.jpg"
            kept = await storage.put(key, plain, media_type="image/jpeg")
            pictures.append(
                PictureRef(
                    uri=kept.uri, sha256=kept.sha256, bytes=kept.bytes, media_type=kept.media_type, filename=shown
                )
            )
        uploaded.append(
            CastPictures(cast_id=member.cast_id, name=member.name, pictures=tuple(pictures), details=member.details)
        )
    return tuple(uploaded)


def cast_events(show: str, cast: Sequence[CastPictures]) -> list[CastUploaded]:
    """The whole cast of a show in as many events as it takes: the first replaces the cast, the others add to it."""
    parts: list[list[CastPictures]] = [[]]
    for member in cast:
        if parts[-1] and sum(len(one.pictures) for one in [*parts[-1], member]) > PICTURES_AN_EVENT:
            parts.append([])
        parts[-1].append(member)
    return [cast_uploaded(show, tuple(part), replace=number == 0) for number, part in enumerate(parts)]


def _plain(path: Path) -> bytes:
    """The pixels of a picture as a JPEG. Raises BadInput: picture_unreadable, file_too_large, or as `decode_picture`."""
    rules, largest = PictureRules(), FacebankSettings().max_picture_bytes
    try:
        if path.stat().st_size > largest:
            raise BadInput("file_too_large", f"The file has more than {largest // 2**20} MiB: use a smaller one.")
        data = path.read_bytes()
    except OSError as error:
        raise BadInput("picture_unreadable", f"The file cannot be read ({error.strerror or error}).") from error
    pixels = decode_picture(data, max_pixels=rules.max_pixels, enough_px=rules.enough_px)
    return data if is_plain(data) else encode_plain(pixels)


def cast_uploaded(show: str, cast: tuple[CastPictures, ...], *, replace: bool = True) -> CastUploaded:
    return CastUploaded(show=show, cast=cast, replace=replace, request_id=str(ULID()))


def episode_uploaded(
    ep_id: str,
    video: VideoRef,
    *,
    profile: Profile,
    title: str | None = None,
    force: bool = False,
    video_stream: int | None = None,
) -> EpisodeUploaded:
    return EpisodeUploaded(
        ep_id=ep_id,
        video=video,
        profile=profile,
        title=title,
        force=force,
        video_stream=video_stream,
        request_id=str(ULID()),
    )


async def publish(settings: KafkaSettings, event: Event, *, traceparent: str | None = None) -> str:
    """Publish one event as an outside emitter; returns its id."""
    message = envelope.encode(event, source=SOURCE, traceparent=traceparent)
    async with AIOKafkaProducer(**client_options(settings), acks="all") as producer:
        await producer.send_and_wait(message.topic, value=message.value, key=message.key, headers=message.headers)
    headers: Mapping[str, bytes] = dict(message.headers)
    return headers["ce_id"].decode()
