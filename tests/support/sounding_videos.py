"""Small videos with a tone, to see whether sound and picture are in step."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.packet import Packet

FPS = 25
TONE_HZ = 440.0
BEEP_S = (3.0, 3.4)
"""When the picture is white and the tone is heard."""


def write_sounding_video(
    path: Path,
    *,
    seconds: float = 6.0,
    codec: str | None = "aac",
    rate: int = 44_100,
    layout: str = "stereo",
    sound_s: tuple[float, float] | None = None,
    spoil: Callable[[int], bool] = lambda _: False,
    start_s: float = 0.0,
) -> Path:
    """Black and silent but for `BEEP_S`; `sound_s` is where there is sound at all, packets that `spoil` names are noise."""
    heard = sound_s or (0.0, seconds)
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "threads": "1"})
        video.width, video.height, video.pix_fmt, video.gop_size = 64, 48, "yuv420p", 2 * FPS
        audio: Any = container.add_stream(codec, rate=rate, layout=layout) if codec else None
        count = 0
        for number in range(round(seconds * FPS)):
            container.mux(video.encode(_picture(number, start_s)))
            if audio is None or number % 5 or not heard[0] <= number / FPS < heard[1]:
                continue
            for packet in audio.encode(_tone(number / FPS, rate, layout, start_s)):
                count += 1
                container.mux(_noise_for(packet) if spoil(count) else packet)
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return path


def _picture(number: int, start_s: float) -> av.VideoFrame:
    is_white = BEEP_S[0] <= number / FPS < BEEP_S[1]
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 255 if is_white else 0, dtype=np.uint8), format="rgb24")
    frame.pts, frame.time_base = number + round(start_s * FPS), Fraction(1, FPS)
    return frame


def _tone(at_s: float, rate: int, layout: str, start_s: float) -> AudioFrame:
    """The sound of five pictures."""
    times = at_s + np.arange(5 * rate // FPS) / rate
    is_loud = (times >= BEEP_S[0]) & (times < BEEP_S[1])
    tone: npt.NDArray[np.float32] = (0.5 * np.sin(2 * np.pi * TONE_HZ * times) * is_loud).astype(np.float32)
    channels = len(av.AudioLayout(layout).channels)
    frame = AudioFrame.from_ndarray(np.repeat(tone[None], channels, axis=0), format="fltp", layout=layout)
    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
    frame.pts = round((at_s + start_s) * rate)
    return frame


def _noise_for(packet: Packet[Any]) -> Packet[Any]:
    """As large, of the same time, and nothing that a decoder knows."""
    noise: Packet[Any] = Packet(np.random.default_rng(abs(packet.pts or 0)).bytes(packet.size))
    noise.pts, noise.dts, noise.time_base, noise.stream = packet.pts, packet.dts, packet.time_base, packet.stream
    noise.duration = packet.duration
    return noise
