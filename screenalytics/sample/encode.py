"""Writes frames as an H.264 MP4 file: the same frames give the same bytes.

One encoder thread, and a width divisible by 128: for other widths x264's AVX-512 code reads beyond the rows of a frame
and its output varies from run to run (measured with 960x540: 16 results in 31 runs; with 1024x576: one, as on AVX2).
"""

from collections.abc import Iterable
from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace

from screenalytics.sample.camera import Picture, Size

KEYFRAME_INTERVAL_S = 2
WIDTH_STEP = 128


def write_video(path: Path, frames: Iterable[Picture], *, size: Size, frames_per_s: int, crf: int = 20) -> None:
    """Encodes BGR frames [height, width, 3] of `size` = (width, height); a keyframe at least every two seconds.

    `crf`: x264's quality, less for better.

    Raises ValueError for a width that is not divisible by 128.
    """
    if size[0] % WIDTH_STEP:
        raise ValueError(f"the width must be divisible by {WIDTH_STEP}, not {size[0]}")
    options = {
        "crf": str(crf),
        "preset": "veryfast",
        "threads": "1",
        "x264-params": "colormatrix=bt709",
    }
    with av.open(str(path), "w", format="mp4", container_options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=frames_per_s, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.gop_size = KEYFRAME_INTERVAL_S * frames_per_s
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
