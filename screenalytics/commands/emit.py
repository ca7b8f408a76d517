"""`screenalytics emit`: what an outside emitter does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from screenalytics.commands.inputs import check_inputs

if TYPE_CHECKING:
    from contracts.events import Profile


async def emit(
    video: Path, *, episode: str, cast: Path | None, profile: Profile, force: bool, video_stream: int | None = None
) -> int:
    """Upload, publish, and print what was published."""
    ep_id, found = check_inputs(video, episode=episode, cast=cast, out=None)
    from chassis.s3.storage import Storage
    from chassis.settings import ChassisSettings
    from contracts.events import PictureVerdict
    from contracts.ids import show_of
    from screenalytics.events import emitter
    from screenalytics.terminal.cast_notes import tell_passed_over, tell_refused

    settings = ChassisSettings()
    for line in tell_passed_over(found.passed_over):
        print(line, file=sys.stderr)
    async with Storage.connect(settings.s3) as storage:
        await storage.ensure_bucket()
        if not force:
            await emitter.check_unclaimed(storage, video, ep_id)
        if found.members:
            show, refused = show_of(ep_id), list[PictureVerdict]()
            pictures = await emitter.upload_pictures(storage, show, found.members, on_refused=refused.append)
            for line in tell_refused(refused):
                print(line, file=sys.stderr)
            for part in emitter.cast_events(show, pictures):
                await emitter.publish(settings.kafka, part)
        reference = await emitter.upload_video(storage, video, ep_id)
    event = emitter.episode_uploaded(
        ep_id, reference, profile=profile, title=video.stem, force=force, video_stream=video_stream
    )
    event_id = await emitter.publish(settings.kafka, event)
    print(json.dumps({"event_id": event_id, "topic": event.TOPIC, "ep_id": ep_id, "video": reference.uri}))
    return 0
