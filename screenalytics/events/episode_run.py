"""One episode from file to result, over the same events and objects as any outside emitter and subscriber."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from ulid import ULID

from chassis.errors import BadInput
from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts.events import (
    CastUploaded,
    EpisodeFailed,
    EpisodeProgress,
    EpisodeUploaded,
    Event,
    FacebankUpdated,
    PictureVerdict,
    Profile,
    RunStarted,
    ScreenTimeReported,
)
from contracts.ids import show_of
from screenalytics.events import emitter
from screenalytics.events.cast_folder import CastFolder
from screenalytics.events.results import download
from screenalytics.events.subscriber import Subscription, subscribe
from screenalytics.terminal.cast_notes import tell_refused, tell_without_pictures

EPISODE_TAKEN = "episode_taken"
FOLLOWED = (FacebankUpdated, RunStarted, EpisodeProgress, EpisodeFailed, ScreenTimeReported)


class EpisodeNotFinished(Exception):
    """The pipeline gave the episode up. `code` and the message come from the stage that did."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class EpisodeResult:
    """What came out."""

    report: ScreenTimeReported
    files: list[Path]
    started: RunStarted
    pictures: tuple[PictureVerdict, ...]
    """What became of the cast's pictures."""
    first_event_s: float
    """Seconds from emitting the upload to the first event about the run."""
    total_s: float


async def never(_reason: str) -> bool:
    """Another video of the episode is not replaced without being told to."""
    return False


class EpisodeRun:
    """Uploads, emits, follows and downloads. `may_replace` is asked where the episode is of another video."""

    def __init__(
        self,
        settings: ChassisSettings,
        *,
        on_event: Callable[[Event], None],
        say: Callable[[str], None],
        may_replace: Callable[[str], Awaitable[bool]] = never,
        stalled_after_s: float = 300.0,
    ) -> None:
        self._settings = settings
        self._on_event = on_event
        self._say = say
        self._may_replace = may_replace
        self._stalled_after_s = stalled_after_s

    async def run(
        self,
        video: Path,
        *,
        ep_id: str,
        cast: CastFolder,
        out: Path,
        profile: Profile,
        force: bool = False,
        video_stream: int | None = None,
    ) -> EpisodeResult:
        """Process one episode; `video_stream` as in `EpisodeUploaded`.

        Raises:
            BadInput: when the video, or every picture of the cast, cannot be used.
            EpisodeNotFinished: when the pipeline gave up or stalled.
        """
        async with (
            Storage.connect(self._settings.s3) as storage,
            subscribe(self._settings.kafka, [event.TOPIC for event in FOLLOWED]) as events,
        ):
            await storage.ensure_bucket()
            begun = time.monotonic()
            pictures: tuple[PictureVerdict, ...] = ()
            if cast.members:
                pictures = await self._upload_cast(storage, events, show_of(ep_id), cast)
            self._say(f"uploading {video.name}")
            reference = await emitter.upload_video(storage, video, ep_id)
            event = emitter.episode_uploaded(
                ep_id, reference, profile=profile, title=video.stem, force=force, video_stream=video_stream
            )
            emitted, started, overtakers = await self._begin(events, event)
            first_event_s = time.monotonic() - emitted
            report = await self.await_report(events, started, overtakers)
            files = await download(storage, report, out)
            return EpisodeResult(
                report=report,
                files=files,
                started=started,
                pictures=pictures,
                first_event_s=first_event_s,
                total_s=time.monotonic() - begun,
            )

    async def _upload_cast(
        self, storage: Storage, events: Subscription, show: str, cast: CastFolder
    ) -> tuple[PictureVerdict, ...]:
        """What became of every picture; those that cannot be used are told of, all at once, and the run goes on.

        Raises:
            BadInput: cast_without_faces, when there is none that can.
        """
        pictures = sum(len(member.pictures) for member in cast.members)
        self._say(f"uploading {pictures} pictures of {len(cast.members)} cast members")
        verdicts: list[PictureVerdict] = []
        uploaded = await emitter.upload_pictures(storage, show, cast.members, on_refused=verdicts.append)
        if len(verdicts) < pictures:
            for event in emitter.cast_events(show, uploaded):
                await emitter.publish(self._settings.kafka, event)
                verdicts += await self._await_verdicts(events, event)
        verdicts.sort(key=lambda verdict: verdict.filename)
        for line in (*tell_refused(verdicts), *tell_without_pictures(cast, verdicts)):
            self._say(line)
        if not any(verdict.accepted for verdict in verdicts):
            first, more = verdicts[0], f" (and {len(verdicts) - 1} more)" if len(verdicts) > 1 else ""
            raise BadInput(
                "cast_without_faces",
                f"No picture in the cast folder can be used: {first.filename}{more}: {first.message}",
            )
        return tuple(verdicts)

    async def _await_verdicts(self, events: Subscription, uploaded: CastUploaded) -> tuple[PictureVerdict, ...]:
        while True:
            answer = await self._next(events, "the facebank")
            if isinstance(answer, FacebankUpdated) and answer.request_id == uploaded.request_id:
                return answer.verdicts

    async def _begin(self, events: Subscription, upload: EpisodeUploaded) -> tuple[float, RunStarted, list[Event]]:
        """When the upload was emitted, and what `await_start` gives; one that is refused is forced where it may be."""
        emitted = time.monotonic()
        await emitter.publish(self._settings.kafka, upload)
        try:
            return emitted, *await self.await_start(events, upload)
        except BadInput as error:
            if upload.force or error.code != EPISODE_TAKEN or not await self._may_replace(error.message):
                raise
        return await self._begin(events, upload.model_copy(update={"force": True, "request_id": str(ULID())}))

    async def await_start(self, events: Subscription, upload: EpisodeUploaded) -> tuple[RunStarted, list[Event]]:
        """The start of our run, and what was heard of the episode before it.

        Topics are read side by side, so a run's progress, and even its report, may overtake its start. Raises as
        `await_report` does.
        """
        overtakers: list[Event] = []
        while True:
            event = await self._next(events, "the ingest service")
            if isinstance(event, RunStarted) and event.upload_event_id == upload.event_id:
                self._on_event(event)
                return event, overtakers
            if isinstance(event, EpisodeFailed) and event.upload_event_id == upload.event_id:
                raise _failure(event)
            if getattr(event, "ep_id", None) == upload.ep_id:
                overtakers.append(event)

    async def await_report(
        self, events: Subscription, started: RunStarted, overtakers: list[Event]
    ) -> ScreenTimeReported:
        """The result of our run. Raises EpisodeNotFinished or BadInput when the run failed, or nothing is heard."""
        heard = deque(overtakers)
        while True:
            event = heard.popleft() if heard else await self._next(events, "the pipeline")
            if getattr(event, "run_id", None) != started.run_id:
                continue
            if isinstance(event, EpisodeFailed):
                raise _failure(event)
            self._on_event(event)
            if isinstance(event, ScreenTimeReported):
                return event

    async def _next(self, events: Subscription, whom: str) -> Event:
        received = await events.next(self._stalled_after_s)
        if received is None:
            raise EpisodeNotFinished(
                "stalled",
                f"Nothing was heard from {whom} for {self._stalled_after_s:.0f} s; see the logs of the services.",
            )
        return received.event


def _failure(event: EpisodeFailed) -> Exception:
    """Failures by our own defects are the pipeline's; every other code speaks of the input."""
    if event.code == "internal_error":
        return EpisodeNotFinished(event.code, f"The {event.stage} stage gave up: {event.message}")
    return BadInput(event.code, event.message)
