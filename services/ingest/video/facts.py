"""What the pipeline needs to know about a video, and how the facts of joined recordings become those of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from chassis.video.byte_ranges import ByteRange
from chassis.video.reading import FrameTimes
from contracts.warnings import Warning, WarningPlace, sentences
from services.ingest.video.packet_scan import Joint

JOINTS_NAMED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoPart:
    """One recording of the file: `[start_s, end_s)` of the episode.

    `origin_s` is its container's time at second 0 of the episode, `keyframes_s` are seconds of the episode. `ranges`
    are the bytes that are read as a file of their own, none where it is the whole file. `pixel_stretch` is that of
    `Recording`.
    """

    start_s: float
    end_s: float
    stream_index: int
    origin_s: float
    keyframes_s: tuple[float, ...]
    frame_times: FrameTimes = "presentation"
    pixel_stretch: float = 1.0
    ranges: tuple[ByteRange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What the pipeline needs to know about a video.

    `width` and `height` are those of the picture as shown (square pixels, rotated). `origin_s` is the container time of
    the first video frame; `duration_s` and `keyframes_s` (ascending, the first is 0) count from it. `starts_at_s` is
    when a player shows that frame, `timecode` its timecode. `fps` is an average for people, None when unknown.
    `frames` is an estimate. `warnings` tell what is wrong with the file. `joints` are places where the clock is set
    anew; what is behind the first of them is not in the facts. `more` are the recordings that follow this one.
    """

    container: str
    codec: str
    width: int
    height: int
    rotation: int
    fps: float | None
    duration_s: float
    origin_s: float
    stream_index: int
    keyframes_s: tuple[float, ...]
    frames: int | None
    starts_at_s: float = 0.0
    timecode: str | None = None
    frame_times: FrameTimes = "presentation"
    pixel_stretch: float = 1.0
    ranges: tuple[ByteRange, ...] = ()
    warnings: tuple[Warning, ...] = ()
    joints: tuple[Joint, ...] = ()
    more: tuple[VideoPart, ...] = field(default=())

    @property
    def problems(self) -> tuple[str, ...]:
        """The warnings' sentences, for people."""
        return sentences(self.warnings)

    @property
    def parts(self) -> tuple[VideoPart, ...]:
        """The recordings, in order; together they are the episode."""
        return (self._first, *self.more)

    @property
    def _first(self) -> VideoPart:
        return VideoPart(
            start_s=0.0,
            end_s=self.more[0].start_s if self.more else self.duration_s,
            stream_index=self.stream_index,
            origin_s=self.origin_s,
            keyframes_s=tuple(time for time in self.keyframes_s if not self.more or time < self.more[0].start_s),
            frame_times=self.frame_times,
            pixel_stretch=self.pixel_stretch,
            ranges=self.ranges,
        )


def joined(recordings: Sequence[VideoFacts]) -> VideoFacts:
    """The facts of recordings that follow each other in one file, the clock of the first continued."""
    first = recordings[0]
    warnings = list(first.warnings)
    more: list[VideoPart] = []
    start_s = first.duration_s
    for facts in recordings[1:]:
        sentence = (
            f"The clock of the file starts again at {start_s:.1f} s: recordings were joined there, "
            f"and the time is continued."
        )
        if len(more) < JOINTS_NAMED:
            warnings.append(Warning.of("clock_restarts", sentence, start_s=round(start_s, 3)))
        warnings += [_later(warning, start_s) for warning in facts.warnings]
        more.append(
            VideoPart(
                start_s=start_s,
                end_s=start_s + facts.duration_s,
                stream_index=facts.stream_index,
                origin_s=facts.origin_s - start_s,
                keyframes_s=tuple(start_s + time for time in facts.keyframes_s),
                frame_times=facts.frame_times,
                pixel_stretch=facts.pixel_stretch,
                ranges=facts.ranges,
            )
        )
        start_s += facts.duration_s
    if len(more) > JOINTS_NAMED:
        sentence = f"The clock of the file starts again {len(more) - JOINTS_NAMED} times more."
        warnings.append(Warning.of("clock_restarts", sentence))
    frames = [facts.frames for facts in recordings if facts.frames is not None]
    return replace(
        first,
        duration_s=start_s,
        keyframes_s=(*first.keyframes_s, *(time for part in more for time in part.keyframes_s)),
        frames=sum(frames) if len(frames) == len(recordings) else None,
        warnings=tuple(dict.fromkeys(warnings)),
        joints=(),
        more=tuple(more),
    )


def _later(warning: Warning, by_s: float) -> Warning:
    """A warning about a recording that begins later in the episode."""
    where = warning.where or WarningPlace(start_s=0.0)
    moved = {
        name: None if time is None else round(time + by_s, 3)
        for name, time in (("start_s", where.start_s), ("end_s", where.end_s))
    }
    return warning.model_copy(update={"where": where.model_copy(update=moved)})
