"""Starting runs on request: the run's id is known before anything has happened."""

from __future__ import annotations

from datetime import UTC, datetime

from chassis.commands import fingerprint, refuse_another
from chassis.errors import Conflict
from chassis.mongo.outbox import Outbox
from chassis.retrying import until_stored
from contracts.blobs import VideoRef
from contracts.events import EpisodeUploaded, Profile
from contracts.ids import run_id_for
from services.ingest.models import StartedRun
from services.ingest.runs.keys import time_after
from services.ingest.runs.ownership import check_ownership
from services.ingest.runs.records import Episode, RequestedRun, Run
from services.ingest.runs.states import FINISHED, OPEN
from services.ingest.store.episodes import EpisodeStore, contended
from services.ingest.store.runs import IngestStore


class RunStarter:
    """Files videos with episodes and asks for runs of them."""

    def __init__(self, store: IngestStore, outbox: Outbox) -> None:
        self._store = store
        self._episodes: EpisodeStore = store.episodes
        self._outbox = outbox

    async def check_ownership(self, ep_id: str, sha256: str) -> None:
        """Raises Conflict `episode_taken` where the episode is of another video."""
        await self._store.check_ownership(ep_id, sha256)

    async def file(self, ep_id: str, video: VideoRef, *, title: str | None, force: bool, command: str) -> None:
        """Make a video the episode's; the episode is made where it is missing.

        Raises:
            Conflict: `episode_taken`, where it is of another video and this one is not forced.
        """
        if not force:
            await self._store.check_ownership(ep_id, video.sha256 or "")
        facts = {"title": title} if title is not None else {}
        if await self._episodes.find_there(ep_id) is None:
            await self._episodes.create(ep_id, facts)
        elif facts:
            await self._episodes.change(ep_id, facts, expected=None, command=f"{command}/title")

        async def attempt() -> bool | None:
            was = await self._episodes.read(ep_id)
            if not force:
                check_ownership(was, await self._store.current_run(ep_id), video.sha256 or "")
            return await self._episodes.set_video(was, video) or None

        await until_stored(attempt, busy=contended(ep_id))
        await self._outbox.publish_soon(self._episodes.collection, ep_id)

    async def earlier(self, ep_id: str, command: str, asked: str) -> StartedRun | None:
        """The run that a command asked for before; `asked` is its fingerprint.

        Raises:
            Conflict: `command_id_used`, where the command's id was another one's.
        """
        return _asked_before(await self._episodes.find_there(ep_id), command, asked)

    async def start(
        self,
        ep_id: str,
        *,
        profile: Profile,
        force: bool,
        command: str,
        who: str,
        asked: str | None = None,
        video_stream: int | None = None,
        reuse_tracks: bool = False,
        reason: str | None = None,
    ) -> StartedRun:
        """Ask for a run of the episode's video, once for each command. `asked` is the fingerprint of a larger command
        that this is a part of. With `reuse_tracks` it goes on from the tracks of the current run, which must be finished.

        Raises:
            NotFound: `unknown_episode`.
            Conflict: `no_video`, where none was uploaded; `nothing_to_reuse`; `command_id_used`.
        """
        again = {"reuse_tracks": True} if reuse_tracks else {}
        told = asked or fingerprint("start_run", profile=profile, force=force, video_stream=video_stream, **again)

        async def attempt() -> StartedRun | None:
            was = await self._episodes.read(ep_id)
            earlier = _asked_before(was, command, told)
            if earlier is not None:
                return earlier
            if was.video is None:
                raise Conflict("no_video", f"{ep_id} has no video: upload one, or register one that is in the bucket.")
            current = await self._store.current_run(ep_id)
            if reuse_tracks:
                if current is None or current.state != FINISHED:
                    raise Conflict("nothing_to_reuse", f"{ep_id} has no finished run: start one that reads its video.")
            elif not force and current is not None and _is_of(current, was.video, profile, video_stream):
                return StartedRun(ep_id=ep_id, run_id=current.run_id, created=False)
            kept = current if reuse_tracks else None
            return await self._ask(
                was,
                was.video,
                profile=kept.profile if kept else profile,
                video_stream=kept.started.video_stream if kept else video_stream,
                command=command,
                who=who,
                asked=told,
                tracks_of=kept.run_id if kept else None,
                reason=reason,
            )

        return await until_stored(attempt, busy=contended(ep_id))

    async def _ask(
        self,
        was: Episode,
        video: VideoRef,
        *,
        profile: Profile,
        video_stream: int | None,
        command: str,
        who: str,
        asked: str,
        tracks_of: str | None = None,
        reason: str | None = None,
    ) -> StartedRun | None:
        """Leave the upload event in the outbox. Whether to run at all was decided here, so it is forced: the run that
        is answered is the one that will be planned.
        """
        ep_id, asked_for = was.ep_id, [run.run_id for run in was.starts]
        at = time_after(datetime.now(UTC), (was.last_run_id, was.current_run_id, *asked_for))
        event = EpisodeUploaded(
            ep_id=ep_id,
            video=video,
            profile=profile,
            force=True,
            video_stream=video_stream,
            request_id=command,
            tracks_of=tracks_of,
            reason=reason,
        )
        run_id = run_id_for(event.event_id, at)
        run = RequestedRun(
            command=command,
            run_id=run_id,
            event_id=event.event_id,
            profile=profile,
            at=at,
            who=who,
            fingerprint=asked,
        )
        if not await self._episodes.start(was, event, run):
            return None
        await self._outbox.publish_soon(self._episodes.collection, ep_id)
        return StartedRun(ep_id=ep_id, run_id=run_id, created=True)


def _is_of(run: Run, video: VideoRef, profile: Profile, video_stream: int | None) -> bool:
    """Whether a run does or did the same work."""
    if video_stream not in {None, run.started.video_stream}:
        return False
    return run.state in {OPEN, FINISHED} and (run.video_sha256, run.profile) == (video.sha256, profile)


def _asked_before(episode: Episode | None, command: str, asked: str) -> StartedRun | None:
    starts = episode.starts if episode is not None else ()
    known = next((run for run in starts if run.command == command), None)
    if episode is None or known is None:
        return None
    refuse_another(known.fingerprint, asked)
    return StartedRun(ep_id=episode.ep_id, run_id=known.run_id, created=False)
