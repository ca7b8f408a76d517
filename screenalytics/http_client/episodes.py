"""An episode from file to result: sent in parts, waited for, read. For programs with an event loop and without."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from . import models
from .async_client import AsyncClient
from .client import Client
from .transport import ApiFailure

LOOK_EVERY_S = 1.0
"""How often it is asked how far a run is."""
PART_TIMEOUT_S = 600.0
PIECE = 1 << 20

OnProgress = Callable[[float], None]
"""Hears how much of an episode is done, 0 to 1."""


class RunNotFinished(ApiFailure):
    """The episode cannot be finished. `code` says why, as `episode.failed` does; `run_cancelled` besides."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A video that was sent, and the run it began."""

    ep_id: str
    run_id: str


class Screenalytics(Client):
    """The HTTP API, and what takes several requests."""

    def upload(self, video: str | Path, ep_id: str, *, profile: str = "balanced", force: bool = False) -> Upload:
        """Send a video in parts, straight to the store, and begin a run.

        The same file sent again goes on where it stopped, and is the same run when it was complete. `force` begins another
        run, and replaces the video of an episode that has another one.

        Raises:
            ApiFailure: when the API refuses; `part_not_taken` when the store does.
        """
        path = Path(video)
        announced = _announced(path, ep_id, profile, force)
        view = self.begin_upload(announced, idempotency_key=_key_of(announced)).data
        with httpx.Client(timeout=PART_TIMEOUT_S) as store:  # without the key: the addresses are signed
            while view.missing:
                for part in view.urls or ():
                    _check_part(_put(store, part, _part(path, view, part)))
                view = self.get_upload(view.upload_id).data
        return _begun(self.complete_upload(view.upload_id).data)

    def wait(
        self, upload: Upload, *, timeout_s: float | None = None, on_progress: OnProgress | None = None
    ) -> models.ScreenTimeDocument:
        """The screen time of a run, when it is there.

        Raises:
            RunNotFinished: when there will be none.
            TimeoutError: when there is none after `timeout_s`; the run goes on.
        """
        deadline = _deadline(timeout_s)
        while not _is_finished(self.get_run(upload.ep_id, upload.run_id).data, on_progress):
            _check_time(upload, deadline)
            time.sleep(LOOK_EVERY_S)
        return self.read_screen_time(upload.ep_id, run_id=upload.run_id).data

    def process(self, video: str | Path, ep_id: str, *, profile: str = "balanced") -> models.ScreenTimeDocument:
        """`upload` and `wait`."""
        return self.wait(self.upload(video, ep_id, profile=profile))


class AsyncScreenalytics(AsyncClient):
    """As `Screenalytics`, for programs with an event loop."""

    async def upload(self, video: str | Path, ep_id: str, *, profile: str = "balanced", force: bool = False) -> Upload:
        """Send a video in parts; as `Screenalytics.upload`."""
        path = Path(video)
        announced = await asyncio.to_thread(_announced, path, ep_id, profile, force)
        view = (await self.begin_upload(announced, idempotency_key=_key_of(announced))).data
        async with httpx.AsyncClient(timeout=PART_TIMEOUT_S) as store:
            while view.missing:
                for part in view.urls or ():
                    content = await asyncio.to_thread(_part, path, view, part)
                    try:
                        answer = await store.put(part.url, content=content)
                    except httpx.HTTPError as error:
                        raise _not_taken(part, str(error)) from error
                    _check_part((part, answer))
                view = (await self.get_upload(view.upload_id)).data
        return _begun((await self.complete_upload(view.upload_id)).data)

    async def wait(
        self, upload: Upload, *, timeout_s: float | None = None, on_progress: OnProgress | None = None
    ) -> models.ScreenTimeDocument:
        """The screen time of a run, when it is there; as `Screenalytics.wait`."""
        deadline = _deadline(timeout_s)
        while not _is_finished((await self.get_run(upload.ep_id, upload.run_id)).data, on_progress):
            _check_time(upload, deadline)
            await asyncio.sleep(LOOK_EVERY_S)
        return (await self.read_screen_time(upload.ep_id, run_id=upload.run_id)).data

    async def process(self, video: str | Path, ep_id: str, *, profile: str = "balanced") -> models.ScreenTimeDocument:
        """`upload` and `wait`."""
        return await self.wait(await self.upload(video, ep_id, profile=profile))


def _announced(path: Path, ep_id: str, profile: str, force: bool) -> models.NewUpload:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return models.NewUpload.model_validate(
        {
            "ep_id": ep_id,
            "filename": path.name,
            "bytes": path.stat().st_size,
            "sha256": digest.hexdigest(),
            "profile": profile,
            "title": path.stem,
            "force": force,
        }
    )


def _key_of(announced: models.NewUpload) -> str | None:
    """Names the upload, so that it is taken up again and not begun a second time; None where another one is wanted."""
    return None if announced.force else hashlib.sha256(announced.model_dump_json().encode()).hexdigest()


def _part(path: Path, view: models.UploadView, part: models.PartUrl) -> bytes:
    with path.open("rb") as file:
        file.seek((part.part - 1) * view.part_bytes)
        return file.read(part.bytes)


def _put(store: httpx.Client, part: models.PartUrl, content: bytes) -> tuple[models.PartUrl, httpx.Response]:
    try:
        return part, store.put(part.url, content=content)
    except httpx.HTTPError as error:
        raise _not_taken(part, str(error)) from error


def _check_part(sent: tuple[models.PartUrl, httpx.Response]) -> None:
    part, answer = sent
    if answer.is_error:
        raise _not_taken(part, f"status {answer.status_code}")


def _not_taken(part: models.PartUrl, why: str) -> ApiFailure:
    return ApiFailure(
        0, "part_not_taken", f"The store did not take part {part.part} of the video ({why}): send it again.", {}
    )


def _begun(view: models.UploadView) -> Upload:
    if view.run_id is None:
        raise ApiFailure(0, "api_not_understood", "The upload is complete and began no run.", {})
    return Upload(ep_id=view.ep_id, run_id=view.run_id)


def _is_finished(run: models.RunView, on_progress: OnProgress | None) -> bool:
    if on_progress is not None:
        on_progress(1.0 if run.state == "finished" else run.fraction or 0.0)
    if run.state == "failed" and run.failure is not None:
        raise RunNotFinished(0, run.failure.code, run.failure.message, {"run_id": run.run_id})
    if run.state in {"failed", "cancelled", "superseded"}:
        raise RunNotFinished(0, f"run_{run.state}", f"The run {run.run_id} of {run.ep_id} was {run.state}.", {})
    return run.state == "finished"


def _deadline(timeout_s: float | None) -> float | None:
    return None if timeout_s is None else time.monotonic() + timeout_s


def _check_time(upload: Upload, deadline: float | None) -> None:
    if deadline is not None and time.monotonic() >= deadline:
        raise TimeoutError(f"the run {upload.run_id} of {upload.ep_id} is not finished yet")
