"""Puts videos and pictures into S3 and publishes the events that speak of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka import AIOKafkaProducer
from ulid import ULID

from chassis.errors import BadInput
from chassis.kafka.connection import client_options
from chassis.s3.storage import Storage, hash_file, media_type_of
from chassis.settings import KafkaSettings
from contracts import envelope
from contracts.blobs import PictureRef, VideoRef
from contracts.events import CastPictures, CastUploaded, EpisodeUploaded, Event, Profile
from contracts.ids import slugify

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
SOURCE = "/screenalytics/cli"


@dataclass(frozen=True, kw_only=True)
class CastFolder:
    """One cast member as found on disk."""

    cast_id: str
    name: str
    pictures: tuple[Path, ...]


def read_cast_folder(folder: Path) -> list[CastFolder]:
    """One folder of pictures per cast member.

    Raises:
        BadInput: cast_folder_missing, cast_folder_empty or cast_names_collide.
    """
    if not folder.is_dir():
        raise BadInput("cast_folder_missing", f"The cast folder {folder} does not exist or is not a folder.")
    members = []
    for sub in sorted(item for item in folder.iterdir() if item.is_dir() and not item.name.startswith(".")):
        pictures = tuple(sorted(item for item in sub.iterdir() if item.suffix.lower() in PICTURE_SUFFIXES))
        if pictures:
            members.append(CastFolder(cast_id=slugify(sub.name), name=sub.name, pictures=pictures))
    if not members:
        raise BadInput(
            "cast_folder_empty",
            f"The cast folder {folder} holds no pictures: make one folder per cast member with .jpg or .png files in it.",
        )
    seen: dict[str, str] = {}
    for member in members:
        if member.cast_id in seen:
            raise BadInput(
                "cast_names_collide",
                f"The cast folders {seen[member.cast_id]!r} and {member.name!r} give the same id {member.cast_id!r}: "
                "rename one.",
            )
        seen[member.cast_id] = member.name
    return members


async def upload_video(storage: Storage, path: Path, ep_id: str) -> VideoRef:
    """Put a video under the episode's raw prefix; the same content goes to the same key and is not sent twice.

    Raises:
        BadInput: `file_growing`, when the file is written to meanwhile: a recording that goes on, a copy under way.
    """
    before = _written(path)
    digest, size = hash_file(path)
    key = f"raw/videos/{ep_id}/{digest[:16]}{path.suffix.lower()}"
    if await storage.find(key) != (size, digest):
        await storage.upload_file(key, path)
    if _written(path) != before:
        raise BadInput("file_growing", f"{path.name} is still being written to: try again when it is complete.")
    return VideoRef(
        uri=storage.uri(key), sha256=digest, bytes=size, media_type=media_type_of(path.name), filename=path.name
    )


def _written(path: Path) -> tuple[int, int]:
    """Size and time of the last write."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


async def upload_pictures(storage: Storage, show: str, members: Sequence[CastFolder]) -> tuple[CastPictures, ...]:
    """Put the pictures of a cast into S3."""
    uploaded = []
    for member in members:
        pictures = []
        for path in member.pictures:
            digest, size = hash_file(path)
            key = f"raw/facebank/{show}/{member.cast_id}/{digest[:16]}{path.suffix.lower()}"
            await storage.upload_file(key, path)
            pictures.append(
                PictureRef(
                    uri=storage.uri(key),
                    sha256=digest,
                    bytes=size,
                    media_type=media_type_of(path.name),
                    filename=f"{member.name}/{path.name}",
                )
            )
        uploaded.append(CastPictures(cast_id=member.cast_id, name=member.name, pictures=tuple(pictures)))
    return tuple(uploaded)


def cast_uploaded(show: str, cast: tuple[CastPictures, ...]) -> CastUploaded:
    return CastUploaded(show=show, cast=cast, replace=True, request_id=str(ULID()))


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
