"""When a video's last frame ends, from the packets at the end of a file."""

from __future__ import annotations

from typing import Final

from av.packet import Packet
from av.video.stream import VideoStream

from chassis.video.reading import FrameTimes

LONGEST_JUMP_S: Final = 30.0
"""A packet that is shown so much later than everything before it is not believed without looking at all of them."""

DEFAULT_FRAME_S: Final = 0.04


class LastFrame:
    """Tells from packets, which come in decoding order, when the last frame ends. Times in ticks of the stream."""

    def __init__(self, stream: VideoStream, expected_end: float, frame_times: FrameTimes = "presentation") -> None:
        self._rate = float(stream.average_rate) if stream.average_rate else 0.0
        self._jump = LONGEST_JUMP_S / (float(stream.time_base) if stream.time_base else 1.0)
        self._expected_end = expected_end
        self._frame_times = frame_times
        self._latest: list[tuple[int, int]] = []
        self.is_doubtful = False

    def add(self, packet: Packet[VideoStream]) -> None:
        """Takes a packet into account, but for one whose time may be wrong."""
        # AVI has no presentation times; its frames are shown in the order of decoding but for B-frames.
        shown = packet.pts if packet.pts is not None and self._frame_times == "presentation" else packet.dts
        if shown is None or packet.is_discard:
            return
        if shown > max(self._expected_end, self._latest[-1][0] if self._latest else 0) + self._jump:
            self.is_doubtful = True
            return
        self.note(shown, packet.duration or 0)

    def note(self, shown: int, duration: int) -> None:
        """Takes a frame into account that is shown then, for so long."""
        others = [entry for entry in self._latest if entry[0] != shown]
        self._latest = sorted([*others, (shown, duration if duration < self._jump else 0)])[-3:]

    def end_s(self, tick_s: float, *, fallback: int) -> float:
        """Container time of the end of the last frame."""
        if not self._latest:
            return fallback * tick_s + self._frame_s(0.0)
        last, duration = self._latest[-1]
        spacing = (last - self._latest[-2][0]) * tick_s if len(self._latest) > 1 else 0.0
        # Some containers give a frame's duration as one tick of a fine clock.
        plausible = duration * tick_s >= min(spacing, LONGEST_JUMP_S) / 2
        return last * tick_s + (duration * tick_s if duration and plausible else self._frame_s(spacing))

    def _frame_s(self, spacing_s: float) -> float:
        if spacing_s and spacing_s < LONGEST_JUMP_S:
            return spacing_s
        return 1 / self._rate if self._rate else DEFAULT_FRAME_S
