"""A video that is damaged somewhere is refused with a code, or read as far as it can be and what is missing is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from services.detector.reading.decoding import Damage, decode_segment
from services.detector.shots.gaps import GapFinder
from services.ingest.runs.planning import plan_segments
from services.ingest.video.probing import BadVideo, VideoFacts, probe
from tests.unit.detector.clips import RATE, scene, write_video

SECONDS = 6
TRIES = 12
UNTOLD_FRAMES = 2 * RATE
"""How many frames may be missing without a word: half a second in a hole, a second at the end, spread over four places."""

CODECS = {
    "h264.mp4": ("libx264", {"preset": "ultrafast", "threads": "1", "g": "25"}),
    "h264.mkv": ("libx264", {"preset": "ultrafast", "threads": "1", "g": "25"}),
    "h264.ts": ("libx264", {"preset": "ultrafast", "threads": "1", "g": "25"}),
    "hevc.mkv": ("libx265", {"preset": "ultrafast", "x265-params": "keyint=25:log-level=none"}),
    "vp8.webm": ("libvpx", {"g": "25", "deadline": "realtime", "cpu-used": "8", "threads": "1"}),
    "mpeg4.avi": ("mpeg4", {"g": "25", "threads": "1"}),
}


def scrambled(data: bytes, random: Random) -> bytes:
    start, length = _place(data, random)
    return data[:start] + random.randbytes(length) + data[start + length :]


def zeroed(data: bytes, random: Random) -> bytes:
    start, length = _place(data, random)
    return data[:start] + bytes(length) + data[start + length :]


def missing(data: bytes, random: Random) -> bytes:
    start, length = _place(data, random)
    return data[:start] + data[start + length :]


def peppered(data: bytes, random: Random) -> bytes:
    worse = bytearray(data)
    for _ in range(200):
        worse[random.randrange(len(data) // 20, len(data))] = random.randrange(256)
    return bytes(worse)


def _place(data: bytes, random: Random) -> tuple[int, int]:
    """Somewhere behind the header, so large as a few bits, a packet or a fifth of the file."""
    start = random.randrange(len(data) // 10, len(data) * 9 // 10)
    return start, min(random.choice([1, 50, 2000, len(data) // 5]), len(data) - start)


@pytest.fixture(scope="module", params=sorted(CODECS))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes]:
    """A file's suffix and content."""
    codec, options = CODECS[request.param]
    path = tmp_path_factory.mktemp("whole") / request.param
    write_video(path, [scene(number // RATE) for number in range(SECONDS * RATE)], codec=codec, options=options)
    return path.suffix, path.read_bytes()


@pytest.mark.parametrize("damage", [scrambled, zeroed, missing, peppered])
def test_what_is_missing_of_a_damaged_video_is_said(
    whole: tuple[str, bytes], tmp_path: Path, damage: Callable[[bytes, Random], bytes]
) -> None:
    suffix, data = whole
    path = tmp_path / f"v{suffix}"
    for seed in range(TRIES):
        path.write_bytes(damage(data, Random(f"{damage.__name__}/{seed}")))
        facts = facts_of(path)
        if isinstance(facts, BadVideo):
            assert facts.message.endswith("."), seed
            assert facts.code != "too_long", "a damaged time is not the length of the video"
            continue
        frames, told = read(path, facts)
        assert told or frames > SECONDS * RATE - UNTOLD_FRAMES, (seed, frames, facts.duration_s)


def facts_of(path: Path) -> VideoFacts | BadVideo:
    try:
        return probe(str(path))
    except BadVideo as refusal:
        return refusal


def read(path: Path, facts: VideoFacts) -> tuple[int, bool]:
    """How many frames the detector gets of a video, and whether it or ingest says that something is missing."""
    damage, holes, frames = Damage(), list[tuple[float, float]](), 0
    for span in plan_segments(facts.keyframes_s, facts.duration_s, 2.0):
        finder = GapFinder(span.start_s, span.end_s)
        for frame in decode_segment(
            str(path),
            stream_index=facts.stream_index,
            origin_s=facts.origin_s,
            start_s=span.start_s,
            end_s=span.end_s,
            lookahead_s=0.0,
            damage=damage,
        ):
            frames += 1
            finder.see(frame.ts_s, shown_s=frame.shown_s)
        holes += finder.holes()
    return frames, bool(damage.packets or holes or facts.problems)
