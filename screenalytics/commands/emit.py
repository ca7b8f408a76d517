"""`screenalytics emit`: what an outside emitter does."""

from __future__ import annotations

import json
from pathlib import Path

from chassis.s3.storage import Storage
from chassis.settings import ChassisSettings
from contracts.events import Profile
from contracts.ids import show_of
from screenalytics.events import emitter
from screenalytics.events.videos import check_video, episode_id


async def emit(
    video: Path, *, episode: str, cast: Path | None, profile: Profile, force: bool, video_stream: int | None = None
) -> int:
    """Upload, publish, and print what was published."""
    ep_id = episode_id(episode, video)
    check_video(video)
    settings = ChassisSettings()
    members = emitter.read_cast_folder(cast) if cast is not None else []
    async with Storage.connect(settings.s3) as storage:
        await storage.ensure_bucket()
        if members:
            show = show_of(ep_id)
            pictures = await emitter.upload_pictures(storage, show, members)
            await emitter.publish(settings.kafka, emitter.cast_uploaded(show, pictures))
        reference = await emitter.upload_video(storage, video, ep_id)
    event = emitter.episode_uploaded(
        ep_id, reference, profile=profile, title=video.stem, force=force, video_stream=video_stream
    )
    event_id = await emitter.publish(settings.kafka, event)
    print(json.dumps({"event_id": event_id, "topic": event.TOPIC, "ep_id": ep_id, "video": reference.uri}))
    return 0
