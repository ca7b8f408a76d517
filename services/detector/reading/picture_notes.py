"""What is special about a segment's pictures and was dealt with: for a pipeline that wants to know, and for people."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.warnings import Warning
from services.detector.reading.decoding import DecodedFrame

HIGH_RANGE = "The video has high dynamic range; it was analysed and is shown in standard range."
INTERLACED = "The video is interlaced; whole pictures were made of its fields."


@dataclass(frozen=True, slots=True)
class _Change:
    at_s: float
    before: tuple[int, int]
    after: tuple[int, int]


class PictureNotes:
    """Is shown every decoded frame of a segment in order of time, and the first one behind it."""

    def __init__(self) -> None:
        self._size: tuple[int, int] | None = None
        self._changes: list[_Change] = []
        self._high_range = False
        self._interlaced = False

    def see(self, frame: DecodedFrame) -> None:
        """Notes a frame of the segment."""
        self._high_range |= frame.is_high_range
        self._interlaced |= frame.is_deinterlaced
        self.see_shape(frame)

    def see_shape(self, frame: DecodedFrame) -> None:
        """Notes the shape of a frame only: it belongs to the next segment."""
        size = frame.geometry.size
        if self._size is not None and size != self._size:
            self._changes.append(_Change(frame.ts_s, self._size, size))
        self._size = size

    def warnings(self, segment: int) -> list[Warning]:
        """The same words for every segment where the whole video is meant, so that a result says it once."""
        warnings = []
        if self._high_range:
            warnings.append(Warning.of("hdr_tone_mapped", HIGH_RANGE))
        if self._interlaced:
            warnings.append(Warning.of("deinterlaced", INTERLACED))
        if self._changes:
            first, more = self._changes[0], len(self._changes) - 1
            sentence = (
                f"The picture changes from {_sides(first.before)} to {_sides(first.after)} at {first.at_s:.1f} s"
                f"{f' and {more} more times until {self._changes[-1].at_s:.1f} s' if more else ''}."
            )
            warnings.append(Warning.of("size_changed", sentence, start_s=round(first.at_s, 3), segment=segment))
        return warnings


def _sides(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
