"""Makes a longer episode of a short one, without encoding anything again."""

from __future__ import annotations

from pathlib import Path

import av


def loop_video(source: Path, target: Path, *, times: int) -> float:
    """Write the video stream of `source` `times` times in a row; returns the duration in seconds."""
    with av.open(str(source)) as first:
        stream = first.streams.video[0]
        time_base = stream.time_base
        assert time_base is not None
        packets = [packet for packet in first.demux(stream) if packet.dts is not None]
        length = max(int(packet.pts or 0) + int(packet.duration or 0) for packet in packets)
        with av.open(str(target), "w") as made:
            out = made.add_stream_from_template(stream)
            for round_number in range(times):
                with av.open(str(source)) as again:
                    for packet in again.demux(again.streams.video[0]):
                        if packet.dts is None or packet.pts is None:
                            continue
                        packet.pts += round_number * length
                        packet.dts += round_number * length
                        packet.stream = out
                        made.mux(packet)
    return float(length * times * time_base)
