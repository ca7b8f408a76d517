"""Small videos for tests."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def write_video(path: Path, *, seconds: float, size: tuple[int, int] = (320, 240), fps: int = 25) -> Path:
    """A moving gradient without faces, H.264 in the container of the file's name, a keyframe a second."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "ultrafast", "crf": "30"})
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = width, height, "yuv420p", fps
        columns = np.arange(width, dtype=np.int64)
        for number in range(round(seconds * fps)):
            row = ((columns + 3 * number) % 256).astype(np.uint8)
            picture = np.broadcast_to(row[None, :, None], (height, width, 3))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
    return path
