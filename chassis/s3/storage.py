"""Artifacts in S3: immutable objects named by what they are of, referenced by hash."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aioboto3
import aiohttp
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from chassis.errors import BadInput, DependencyUnavailable
from chassis.s3.descriptions import session_that_has_read
from chassis.s3.encoding import decode_rows
from chassis.s3.names import media_type_of, parse_uri
from chassis.settings import S3Settings, revealed
from contracts.blobs import BlobRef

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class UploadedPart:
    """A part of an object that is on its way."""

    bytes: int
    etag: str


@dataclass(frozen=True, kw_only=True)
class ListedObject:
    """An object in a list; `written_at` to the second."""

    key: str
    bytes: int
    etag: str
    written_at: datetime


class ObjectMissing(BadInput):
    """The object is not there."""

    def __init__(self, uri: str) -> None:
        super().__init__("object_missing", f"The object {uri} is not in the store; upload it again.")


class ObjectChanged(BadInput):
    """The object is not the one the reference speaks of."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            "object_changed", f"The object {uri} does not have the content its sha256 names; upload it again."
        )


def _trust(endpoint: str | None) -> bool | None:
    """`verify` of a client: nobody shows a certificate over plain HTTP, and reading whom to trust takes 25 ms.

    False then, else None: as the environment says, or the certificates that come with the library.
    """
    return False if endpoint is not None and endpoint.startswith("http://") else None


@contextmanager
def _translated(uri: str) -> Iterator[None]:
    """Turn the S3 library's errors into those that delivery knows."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        if code in {"NoSuchKey", "404", "NotFound", "NoSuchBucket"} or status == 404:
            raise ObjectMissing(uri) from error
        raise DependencyUnavailable("s3", f"{code or status}: {error}") from error
    except (BotoCoreError, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise DependencyUnavailable("s3", str(error) or type(error).__name__) from error


class Storage:
    """One bucket. Use `Storage.connect`."""

    def __init__(self, settings: S3Settings, client: Any, signer: Any) -> None:
        self._settings = settings
        self._client = client
        self._signer = signer
        self.bucket = settings.bucket

    @classmethod
    @asynccontextmanager
    async def connect(cls, settings: S3Settings) -> AsyncIterator[Storage]:
        """Open a client for the life of a service."""
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if settings.endpoint_url else "auto"},
            connect_timeout=min(5.0, settings.timeout_s),
            read_timeout=settings.timeout_s,
            retries={"max_attempts": 2, "mode": "standard"},
            max_pool_connections=32,
        )
        session = aioboto3.Session(
            botocore_session=session_that_has_read(),
            aws_access_key_id=revealed(settings.access_key),
            aws_secret_access_key=revealed(settings.secret_key),
            region_name=settings.region,
        )
        async with AsyncExitStack() as stack:
            endpoint = settings.endpoint_url or None
            client = await stack.enter_async_context(
                session.client("s3", endpoint_url=endpoint, config=config, verify=_trust(endpoint))
            )
            signer = client
            if settings.public_endpoint_url and settings.public_endpoint_url != endpoint:
                public = session.client(
                    "s3",
                    endpoint_url=settings.public_endpoint_url,
                    config=config,
                    verify=_trust(settings.public_endpoint_url),
                )
                signer = await stack.enter_async_context(public)
            yield cls(settings, client, signer)

    async def ensure_bucket(self) -> None:
        """Create the bucket where the settings allow it and it is missing."""
        with _translated(f"s3://{self.bucket}/"):
            try:
                await self._client.head_bucket(Bucket=self.bucket)
            except ClientError as error:
                missing = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404
                if not (missing and self._settings.create_bucket):
                    raise
                await self._client.create_bucket(Bucket=self.bucket)

    async def reachable(self) -> bool:
        try:
            await self._client.head_bucket(Bucket=self.bucket)
        except (ClientError, BotoCoreError, OSError):
            return False
        return True

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    async def put(self, key: str, data: bytes, *, schema: str | None = None, media_type: str | None = None) -> BlobRef:
        """Write an object (atomically: readers see all of it or nothing) and return its reference."""
        media = media_type or media_type_of(key)
        digest = hashlib.sha256(data).hexdigest()
        with _translated(self.uri(key)):
            await self._client.put_object(
                Bucket=self.bucket, Key=key, Body=data, ContentType=media, Metadata={"sha256": digest}
            )
        return BlobRef(uri=self.uri(key), sha256=digest, bytes=len(data), media_type=media, schema=schema)

    async def upload_file(self, key: str, path: Path, *, hashed: tuple[str, int] | None = None) -> BlobRef:
        """Upload a local file in parts and return its reference. `hashed`: what `hash_file` said of it, if it was asked."""
        digest, size = await asyncio.to_thread(hash_file, path) if hashed is None else hashed
        with _translated(self.uri(key)):
            extra = {"ContentType": media_type_of(path.name), "Metadata": {"sha256": digest}}
            await self._client.upload_file(str(path), self.bucket, key, ExtraArgs=extra)
        return BlobRef(uri=self.uri(key), sha256=digest, bytes=size, media_type=media_type_of(path.name))

    async def get(self, ref: BlobRef) -> bytes:
        """Read an object and check its hash.

        Raises:
            ObjectMissing: when it is not there.
            ObjectChanged: when it is not what the reference says.
        """
        data = await self.read(ref.uri)
        if hashlib.sha256(data).hexdigest() != ref.sha256:
            raise ObjectChanged(ref.uri)
        return data

    async def read(self, uri: str) -> bytes:
        """Read an object by its URI, unchecked."""
        bucket, key = parse_uri(uri)
        with _translated(uri):
            answer = await self._client.get_object(Bucket=bucket, Key=key)
            async with answer["Body"]:
                return bytes(await answer["Body"].read())

    async def get_rows(self, ref: BlobRef, model: type[M]) -> list[M]:
        """Read JSON Lines of contract rows."""
        return decode_rows(await self.get(ref), model)

    async def get_document(self, ref: BlobRef, model: type[M]) -> M:
        return model.model_validate_json(await self.get(ref))

    async def describe(self, uri: str) -> tuple[int, str | None]:
        """Size of an object and the sha256 it was stored with, if any.

        Raises:
            ObjectMissing: when it is not there.
        """
        bucket, key = parse_uri(uri)
        with _translated(uri):
            head = await self._client.head_object(Bucket=bucket, Key=key)
        return int(head["ContentLength"]), head.get("Metadata", {}).get("sha256")

    async def find(self, key: str) -> tuple[int, str | None] | None:
        """As `describe` for a key of our bucket, None where nothing is."""
        try:
            return await self.describe(self.uri(key))
        except ObjectMissing:
            return None

    async def hash_object(self, uri: str) -> tuple[str, int]:
        """sha256 and size of an object, read once in pieces."""
        bucket, key = parse_uri(uri)
        digest, size = hashlib.sha256(), 0
        with _translated(uri):
            answer = await self._client.get_object(Bucket=bucket, Key=key)
            async with answer["Body"]:
                async for piece in answer["Body"].iter_chunks(1 << 20):
                    digest.update(piece)
                    size += len(piece)
        return digest.hexdigest(), size

    async def get_presigned_url(self, uri: str, *, expires_s: int = 3600, public: bool = False) -> str:
        """A URL that reads one object for a while. `public` signs for the address browsers use."""
        bucket, key = parse_uri(uri)
        signer = self._signer if public else self._client
        url = await signer.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=expires_s
        )
        return str(url)

    async def create_multipart(self, key: str, *, media_type: str) -> str:
        """Begin an upload in parts; returns S3's id of it."""
        with _translated(self.uri(key)):
            answer = await self._client.create_multipart_upload(Bucket=self.bucket, Key=key, ContentType=media_type)
        return str(answer["UploadId"])

    async def presign_part(self, key: str, multipart_id: str, part: int, *, expires_s: int) -> str:
        """A URL, for the address that browsers use, that takes one part by PUT for a while. Parts count from 1."""
        url = await self._signer.generate_presigned_url(
            "upload_part",
            Params={"Bucket": self.bucket, "Key": key, "UploadId": multipart_id, "PartNumber": part},
            ExpiresIn=expires_s,
        )
        return str(url)

    async def put_part(self, key: str, multipart_id: str, part: int, data: bytes) -> UploadedPart:
        """Send one part; raises as `list_parts`."""
        with _translated(self.uri(key)):
            answer = await self._client.upload_part(
                Bucket=self.bucket, Key=key, UploadId=multipart_id, PartNumber=part, Body=data
            )
        return UploadedPart(bytes=len(data), etag=str(answer["ETag"]))

    async def list_parts(self, key: str, multipart_id: str) -> dict[int, UploadedPart]:
        """The parts that are there, by number.

        Raises:
            ObjectMissing: when the upload was completed or aborted.
        """
        parts: dict[int, UploadedPart] = {}
        with _translated(self.uri(key)):
            pages = self._client.get_paginator("list_parts")
            async for page in pages.paginate(Bucket=self.bucket, Key=key, UploadId=multipart_id):
                for part in page.get("Parts", ()):
                    parts[int(part["PartNumber"])] = UploadedPart(bytes=int(part["Size"]), etag=str(part["ETag"]))
        return parts

    async def complete_multipart(self, key: str, multipart_id: str, parts: Mapping[int, UploadedPart]) -> None:
        """Make the object of its parts; raises as `list_parts`."""
        named = [{"PartNumber": number, "ETag": parts[number].etag} for number in sorted(parts)]
        with _translated(self.uri(key)):
            await self._client.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=multipart_id, MultipartUpload={"Parts": named}
            )

    async def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Throw an unfinished upload and its parts away; one that is gone stays gone."""
        with suppress(ObjectMissing), _translated(self.uri(key)):
            await self._client.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=multipart_id)

    async def adopt(self, source: str, key: str, *, sha256: str, media_type: str) -> None:
        """Copy an object, of any size and of any bucket that may be read, to a key of ours and note its hash there."""
        bucket, name = parse_uri(source)
        extra = {"MetadataDirective": "REPLACE", "Metadata": {"sha256": sha256}, "ContentType": media_type}
        with _translated(source):
            await self._client.copy({"Bucket": bucket, "Key": name}, self.bucket, key, ExtraArgs=extra)

    async def copy(self, ref: BlobRef, key: str) -> BlobRef:
        """Copy an object to another key of our bucket."""
        bucket, source = parse_uri(ref.uri)
        with _translated(ref.uri):
            await self._client.copy_object(Bucket=self.bucket, Key=key, CopySource={"Bucket": bucket, "Key": source})
        return ref.model_copy(update={"uri": self.uri(key)})

    async def list_keys(self, prefix: str) -> AsyncIterator[str]:
        """Keys below a prefix; the order is the server's."""
        async for key, _ in self.list_objects(prefix):
            yield key

    async def list_objects(self, prefix: str) -> AsyncIterator[tuple[str, datetime]]:
        """Keys below a prefix and when each was written, to the second; the order is the server's."""
        async for item in self.list_bucket(self.bucket, prefix):
            yield item.key, item.written_at

    async def list_bucket(self, bucket: str, prefix: str) -> AsyncIterator[ListedObject]:
        """Objects below a prefix of any bucket that may be listed; the order is the server's."""
        with _translated(f"s3://{bucket}/{prefix}"):
            async for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for item in page.get("Contents", ()):
                    yield ListedObject(
                        key=str(item["Key"]),
                        bytes=int(item["Size"]),
                        etag=str(item["ETag"]).strip('"'),
                        written_at=item["LastModified"],
                    )

    async def list_folders(self, prefix: str) -> list[str]:
        """The prefixes one level below `prefix/`, each with its slash at the end."""
        with _translated(self.uri(prefix)):
            pages = self._client.get_paginator("list_objects_v2")
            return [
                str(item["Prefix"])
                async for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
                for item in page.get("CommonPrefixes", ())
            ]

    async def delete_prefix(self, prefix: str) -> int:
        """Delete everything below a prefix; returns how many objects went."""
        return await self.delete_keys([key async for key in self.list_keys(prefix)])

    async def delete_keys(self, keys: Sequence[str]) -> int:
        """Delete objects, those that are not there too; returns how many were named."""
        with _translated(self.uri("")):
            for start in range(0, len(keys), 1000):
                batch = [{"Key": key} for key in keys[start : start + 1000]]
                await self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
        return len(keys)

    async def sync_to_s3(self, folder: Path, prefix: str) -> dict[str, BlobRef]:
        """Upload every file of a folder that is not there with the same content; relative path -> reference."""
        references: dict[str, BlobRef] = {}
        for path in await asyncio.to_thread(_files_below, folder):
            name = path.relative_to(folder).as_posix()
            key = f"{prefix.rstrip('/')}/{name}"
            digest, size = await asyncio.to_thread(hash_file, path)
            if await self.find(key) == (size, digest):
                references[name] = BlobRef(uri=self.uri(key), sha256=digest, bytes=size, media_type=media_type_of(name))
            else:
                references[name] = await self.upload_file(key, path, hashed=(digest, size))
        return references


def _files_below(folder: Path) -> list[Path]:
    return sorted(item for item in folder.rglob("*") if item.is_file())


def hash_file(path: Path) -> tuple[str, int]:
    """sha256 and size of a local file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size
