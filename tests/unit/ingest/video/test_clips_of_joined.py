"""A clip over a joint shows both recordings, one after the other."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import av
import pytest

from contracts.blobs import BlobRef
from contracts.events import SegmentReady
from services.ingest.runs.planning import plan_recordings
from services.ingest.video.clips import cut_parts, parts_of
from services.ingest.video.probing import VideoFacts, probe
from tests.support.field_videos import join, write_recording

VIDEO = BlobRef(uri="s3://bucket/v", sha256="0" * 64, bytes=1, media_type="video/mp4")


def segments_of(facts: VideoFacts, segment_s: float) -> list[SegmentReady]:
    planned = plan_recordings(facts.parts, segment_s)
    return [
        SegmentReady(
            ep_id="show-s01e01",
            run_id="0" * 26,
            segment=span.segment,
            segments=len(planned),
            video=VIDEO,
            stream_index=part.stream_index,
            origin_s=part.origin_s,
            ranges=part.ranges,
            frame_times=part.frame_times,
            start_s=span.start_s,
            end_s=span.end_s,
            duration_s=facts.duration_s,
            profile="balanced",
        )
        for span, part in planned
    ]


@pytest.mark.parametrize("suffix", ["ts", "mkv", "flv", "vob"])
def test_a_clip_over_a_joint_has_every_frame_of_both(tmp_path: Path, suffix: str) -> None:
    first = write_recording(tmp_path / f"a.{suffix}", 75)
    second = write_recording(tmp_path / f"b.{suffix}", 75, seed=7)
    path = join(tmp_path / f"joined.{suffix}", first, second)
    facts = probe(str(path))
    parts = parts_of(str(path), segments_of(facts, 1.0), 2.0, 4.0)
    assert [(part.start_s, part.end_s) for part in parts] == [
        pytest.approx((2.0, 3.0), abs=0.05),
        pytest.approx((3.0, 4.0), abs=0.05),
    ]
    with av.open(io.BytesIO(cut_parts(parts))) as clip:
        times = [float(frame.time or 0) for frame in clip.decode(video=0)]
    assert len(times) == pytest.approx(50, abs=1)
    assert all(0.02 < later - earlier < 0.06 for earlier, later in pairwise(times))


def test_a_clip_inside_one_recording_is_one_part(tmp_path: Path) -> None:
    path = write_recording(tmp_path / "a.mp4", 75)
    facts = probe(str(path))
    (part,) = parts_of(str(path), segments_of(facts, 1.0), 0.5, 2.5)
    assert (part.start_s, part.end_s) == (0.5, 2.5)
