"""The sound of a stretch of a video: decoded to one clock with the picture, and encoded as Opus beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final, cast

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from chassis.video.container import packets_of, reraise_if_away
from chassis.video.reading import Recording

RATE: Final = 48_000
BITS_A_SECOND: Final = 128_000

BEFORE_S: Final = 0.2
"""Decoders of sound need what is before: their first samples are not right yet."""

APART_S: Final = 5.0
"""Pictures are stored at most so far before the sound that goes with them; nothing is looked for beyond."""

JITTER: Final = RATE // 20
"""Samples that times of frames may be off, as containers round them, while the sound goes on without a gap."""

Samples = npt.NDArray[np.float32]


def silence(seconds: float) -> Samples:
    """Samples [2, RATE * seconds] without a sound."""
    return np.zeros((2, round(seconds * RATE)), dtype=np.float32)


def read_sound(recording: Recording, *, start_s: float, end_s: float) -> Samples | None:
    """Stereo samples [2, RATE * seconds] in -1..1 of `[start_s, end_s)` of the episode; gaps and damage are silence.

    None when the video of this stream has no sound there that can be decoded.

    Raises:
        DependencyUnavailable: when the object store does not answer.
    """
    start_s, end_s = start_s + recording.origin_s, end_s + recording.origin_s
    track = _Track(start_s, end_s)
    try:
        with recording.open() as source:
            video = recording.stream_of(source)
            audio = source.streams.best("audio", related=video)
            if isinstance(audio, AudioStream) and audio.codec_context is not None:
                for frame in _frames(source, video, audio, recording.url, start_s, end_s):
                    track.add(frame)
    except (av.error.FFmpegError, StopIteration, IndexError, ValueError) as error:
        reraise_if_away(error, recording.url)
    return track.samples if track.is_heard else None


def _frames(
    source: InputContainer, video: VideoStream, audio: AudioStream, url: str, start_s: float, end_s: float
) -> Iterator[AudioFrame]:
    """The frames of sound around a stretch; packets that cannot be decoded are passed over.

    The picture's packets show when the stretch is over where the sound ends before it.
    """
    source.seek(max(round((start_s - BEFORE_S) * av.time_base), source.start_time or 0))
    for packet in packets_of(source, video, audio, url=url):
        place_s = float(packet.dts * packet.time_base) if packet.dts is not None and packet.time_base else start_s
        if place_s > end_s + APART_S:
            return
        if packet.stream_index == audio.index:
            with suppress(av.error.FFmpegError):  # of the decoder: the packet has been read
                for frame in audio.decode(cast("Packet[AudioStream]", packet)):
                    if frame.time is not None and frame.time >= end_s:
                        return
                    yield frame


class _Track:
    """Lays frames where they belong in time; one that follows the one before by its time follows it to the sample."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.samples: Samples = silence(end_s - start_s)
        self.is_heard = False
        self._start_s = start_s
        self._next = 0
        self._resampler: AudioResampler | None = None

    def add(self, frame: AudioFrame) -> None:
        place = self._next if frame.time is None else round((frame.time - self._start_s) * RATE)
        if self._resampler is None or abs(place - self._next) > JITTER:
            self._next, self._resampler = place, AudioResampler(format="fltp", layout="stereo", rate=RATE)
        for resampled in self._resampler.resample(frame):
            self._lay(np.asarray(resampled.to_ndarray(), dtype=np.float32))

    def _lay(self, sound: Samples) -> None:
        first, last = max(0, self._next), min(self.samples.shape[1], self._next + sound.shape[1])
        if first < last:
            self.samples[:, first:last] = sound[:, first - self._next : last - self._next]
            self.is_heard = True
        self._next += sound.shape[1]


class SoundEncoder:
    """Encodes samples into a stream of a container, bit by bit, as the picture goes on."""

    def __init__(self, container: OutputContainer, samples: Samples) -> None:
        self._samples = np.clip(np.nan_to_num(samples), -1.0, 1.0)
        self._done = 0
        self._encoder = container.add_stream("libopus", rate=RATE, layout="stereo", bit_rate=BITS_A_SECOND)

    def until(self, seconds: float) -> Iterator[Packet[Any]]:
        """Packets of what was not encoded yet, up to that time."""
        last = min(self._samples.shape[1], round(seconds * RATE))
        if last > self._done:
            part = np.ascontiguousarray(self._samples[:, self._done : last])
            frame = AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, self._done, Fraction(1, RATE)
            self._done = last
            yield from self._encoder.encode(frame)

    def rest(self) -> Iterator[Packet[Any]]:
        """Packets of everything that is left."""
        yield from self.until(self._samples.shape[1] / RATE)
        yield from self._encoder.encode(None)
