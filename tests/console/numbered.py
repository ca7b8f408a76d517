"""A video in which each picture shows its own number, and how to read it off a screenshot."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

SIZE = (320, 180)
BLOCK_PX = 24
BITS = 10
TICK = Fraction(1, 120_000)
RATES = (Fraction(1001, 24_000), Fraction(1, 25), Fraction(1001, 30_000), Fraction(1, 50))
"""Spacings of cinema, of television, and of a phone that films fast."""
OF_EACH = 60


def spacings() -> list[Fraction]:
    """Seconds from each picture to the next: sixty of each rate, then sixty as they come."""
    any_length = random.Random(5)
    return [rate for rate in RATES for _ in range(OF_EACH)] + [
        Fraction(any_length.randint(9, 80), 1000) for _ in range(OF_EACH)
    ]


def starts() -> list[Fraction]:
    """Second at which each picture is shown, and at the end the second at which the last one ends."""
    found = [Fraction(0)]
    for spacing in spacings():
        found.append(found[-1] + spacing)
    return found


def write_numbered(path: Path) -> Path:
    """H.264 with B-frames in MP4; the rate changes four times and is none in the end."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=50, options={"bf": "2", "g": "50", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.time_base = stream.codec_context.time_base = TICK
        for number, at in enumerate(starts()[:-1]):
            frame = av.VideoFrame.from_ndarray(_picture(number), format="rgb24")
            frame.time_base, frame.pts = TICK, round(at / TICK)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def read_number(png: bytes) -> int:
    """Number of the picture on a screenshot of the whole player."""
    row = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    middle = row[row.shape[0] // 2]
    centres = [round((block + 0.5) * BLOCK_PX * len(middle) / SIZE[0]) for block in range(BITS + 2)]
    first, *bits, last = (int(middle[at]) > 127 for at in centres)
    assert first and not last, "this is no numbered picture"
    return sum(bit << place for place, bit in enumerate(bits))


def _picture(number: int) -> np.ndarray:
    """White, ten bits from the least on, black: (180, 320, 3)."""
    blocks = [1, *((number >> place) & 1 for place in range(BITS)), 0]
    line = np.full(SIZE[0], 90, dtype=np.uint8)
    line[: len(blocks) * BLOCK_PX] = np.repeat(np.array(blocks, dtype=np.uint8) * 255, BLOCK_PX)
    return np.ascontiguousarray(np.broadcast_to(line[None, :, None], (SIZE[1], SIZE[0], 3)))
