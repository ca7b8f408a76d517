"""Nobody is on screen in a hole of the video, wherever the segments' borders lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chassis.domain.visibility import VisibilityRules, find_cuts, visible
from chassis.settings import DecodingLimits
from contracts.rows import ShotRow, TrackRow
from services.detector.analysis import SegmentAnalysis, analyse_segment
from services.detector.looks.faces import Detectors
from services.detector.reading.segment_frames import SegmentSource
from services.detector.rules import DetectorProfiles
from services.grouper.rules import GrouperThresholds
from services.grouper.tracks.joining import SegmentTracks, join_segments
from services.ingest.runs.planning import plan_recordings
from services.ingest.video.probing import probe
from tests.unit.detector.clips import scene, write_video
from tests.unit.detector.test_analysis import find_red, with_face

FPS = 25
_NO_VECTORS = np.zeros((0, 128), dtype=np.float32)


def film(path: Path, *, gap_s: float, codec: str = "libx264") -> Path:
    """One picture with a face for 3 s, a hole, the same picture for 2 s."""
    times = [number / FPS for number in range(75)] + [3 + gap_s + number / FPS for number in range(50)]
    options = {"preset": "ultrafast", "x264-params": "keyint=25:scenecut=0:threads=1"}
    if codec == "libvpx":
        options = {"g": "25", "deadline": "realtime", "cpu-used": "8", "threads": "1"}
    return write_video(path, [with_face(scene(1), 100)] * 125, times_s=times, options=options, codec=codec)


async def seen(path: Path, *, segment_s: float) -> tuple[list[tuple[float, float]], list[SegmentAnalysis]]:
    """When somebody is visible by the rules of the screen time, and the segments."""
    facts = probe(str(path))
    segments: list[SegmentTracks] = []
    analyses: list[SegmentAnalysis] = []
    profiles = DetectorProfiles()
    for span, part in plan_recordings(facts.parts, segment_s):
        analysis = await analyse_segment(
            SegmentSource(
                url=str(path),
                stream_index=part.stream_index,
                origin_s=part.origin_s,
                start_s=span.start_s,
                end_s=span.end_s,
                duration_s=facts.duration_s,
                ranges=part.ranges,
                frame_times=part.frame_times,
            ),
            ep_id="show-s01e01",
            segment=span.segment,
            profile=profiles.balanced,
            detectors=Detectors(find=find_red, check=find_red),
            model_id="test",
            decoding=DecodingLimits(),
        )
        analyses.append(analysis)
        segments.append(
            SegmentTracks(
                segment=span.segment,
                start_s=span.start_s,
                end_s=span.end_s,
                cut_at_end=analysis.cut_at_end,
                tracks=analysis.tracks,
                shots=analysis.shots,
                prototypes=_NO_VECTORS,
            )
        )
    joined = join_segments(segments, GrouperThresholds().joining)
    return _visible(joined.tracks, joined.shots, facts.duration_s), analyses


@pytest.mark.parametrize("segment_s", [2.0, 100.0], ids=["many segments", "one segment"])
@pytest.mark.parametrize("gap_s", [0.8, 3.0, 100.0])
@pytest.mark.parametrize(("suffix", "codec"), [("ts", "libx264"), ("mkv", "libx264"), ("webm", "libvpx")])
async def test_nobody_is_on_screen_in_a_hole(
    tmp_path: Path, suffix: str, codec: str, gap_s: float, segment_s: float
) -> None:
    path = film(tmp_path / f"a.{suffix}", gap_s=gap_s, codec=codec)
    intervals, analyses = await seen(path, segment_s=segment_s)
    assert intervals == [pytest.approx((0.0, 3.0), abs=0.05), pytest.approx((3 + gap_s, 5 + gap_s), abs=0.05)]
    codes = {warning.code for analysis in analyses for warning in analysis.warnings}
    assert codes == {"picture_missing"}


async def test_a_picture_that_the_file_holds_for_a_while_counts_and_one_held_for_minutes_does_not(
    tmp_path: Path,
) -> None:
    held, _ = await seen(film(tmp_path / "held.mp4", gap_s=3.0), segment_s=100.0)
    assert held == [pytest.approx((0.0, 8.0), abs=0.05)]
    gone, _ = await seen(film(tmp_path / "gone.mp4", gap_s=100.0), segment_s=100.0)
    assert gone == [pytest.approx((0.0, 3.0), abs=0.05), pytest.approx((103.0, 105.0), abs=0.05)]


def _visible(tracks: tuple[TrackRow, ...], shots: tuple[ShotRow, ...], duration_s: float) -> list[tuple[float, float]]:
    return [*visible(tracks, duration=duration_s, cuts=find_cuts(shots), rules=VisibilityRules(max_gap_s=1.0))]
