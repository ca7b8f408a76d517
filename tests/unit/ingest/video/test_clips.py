"""Clips show and sound a stretch of a video, in step; sound that cannot be had leaves the picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from chassis.errors import DependencyUnavailable
from chassis.video.reading import Recording
from services.ingest.video.clips import cut_clip
from services.ingest.video.probing import probe
from tests.support.sounding_videos import BEEP_S, FPS, TONE_HZ, write_sounding_video

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """A decoded clip: brightness 0..255 by time, and mono samples with the time of the first."""

    times_s: Floats
    brightness: Floats
    sound: Floats | None
    sound_from_s: float
    rate: int

    @property
    def sound_s(self) -> float:
        return 0.0 if self.sound is None else len(self.sound) / self.rate

    def is_loud(self, level: float = 0.1) -> Floats:
        """The times at which a tone is heard, in steps of 5 ms."""
        assert self.sound is not None
        step = self.rate // 200
        parts = self.sound[: len(self.sound) // step * step].reshape(-1, step)
        return self.sound_from_s + np.flatnonzero(np.abs(parts).max(axis=1) > level) / 200


def cut(path: Path, start_s: float, end_s: float) -> Clip:
    facts = probe(str(path))
    made = cut_clip(str(path), stream_index=facts.stream_index, origin_s=facts.origin_s, start_s=start_s, end_s=end_s)
    with av.open(io.BytesIO(made)) as container:
        assert [stream.codec_context.name for stream in container.streams][:1] == ["vp9"]
        pictures = [(frame.time, frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
    times, brightness = np.array(pictures, dtype=np.float64).T
    with av.open(io.BytesIO(made)) as container:
        if not container.streams.audio:
            return Clip(times, brightness, None, 0.0, 1)
        assert container.streams.audio[0].codec_context.name == "opus"
        frames = list(container.decode(audio=0))
    samples = np.concatenate([frame.to_ndarray().mean(axis=0) for frame in frames])
    return Clip(times, brightness, samples.astype(np.float64), float(frames[0].time or 0.0), frames[0].sample_rate)


def check_in_step(clip: Clip, *, start_s: float) -> None:
    """The tone is heard while the picture is white."""
    white = clip.times_s[clip.brightness > 128]
    assert white.min() == pytest.approx(BEEP_S[0] - start_s, abs=0.001)
    loud = clip.is_loud()
    assert loud.min() == pytest.approx(BEEP_S[0] - start_s, abs=0.03)
    assert loud.max() == pytest.approx(BEEP_S[1] - start_s, abs=0.03)


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("v.mp4", "aac", 44_100, "stereo"),
        ("v.mkv", "libopus", 48_000, "mono"),
        ("v.mkv", "pcm_s16le", 8_000, "mono"),
        ("v.ts", "mp2", 48_000, "stereo"),
        ("v.mov", "ac3", 48_000, "5.1"),
        ("v.mkv", "libmp3lame", 22_050, "stereo"),
    ],
)
def test_a_clip_sounds_as_long_as_it_shows_and_in_step(
    tmp_path: Path, name: str, codec: str, rate: int, layout: str
) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"no {codec} here")
    path = write_sounding_video(tmp_path / name, codec=codec, rate=rate, layout=layout)
    clip = cut(path, 2.0, 5.0)
    assert clip.sound_s == pytest.approx(3.0, abs=0.05)
    check_in_step(clip, start_s=2.0)


def test_the_tone_keeps_its_pitch(tmp_path: Path) -> None:
    clip = cut(write_sounding_video(tmp_path / "v.mkv", codec="libopus", rate=48_000), 2.0, 5.0)
    assert clip.sound is not None
    middle = clip.sound[round((1.1 - clip.sound_from_s) * clip.rate) :][: clip.rate // 5]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.fft.rfftfreq(len(middle), 1 / clip.rate)[spectrum.argmax()] == pytest.approx(TONE_HZ, abs=10)


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 4.0), (2.9, 3.9), (2.5, 6.0)])
def test_wherever_the_clip_is_cut(tmp_path: Path, start_s: float, end_s: float) -> None:
    clip = cut(write_sounding_video(tmp_path / "v.mp4"), start_s, end_s)
    assert clip.sound_s == pytest.approx(end_s - start_s, abs=0.05)
    check_in_step(clip, start_s=start_s)


def test_a_video_whose_clock_does_not_begin_at_zero_is_in_step(tmp_path: Path) -> None:
    check_in_step(cut(write_sounding_video(tmp_path / "v.mkv", start_s=12.0), 2.0, 5.0), start_s=2.0)


def test_a_video_without_sound_gives_a_silent_clip(tmp_path: Path) -> None:
    clip = cut(write_sounding_video(tmp_path / "v.mp4", codec=None), 2.0, 5.0)
    assert clip.sound is None and len(clip.times_s) == 3 * FPS


def test_a_stretch_before_the_sound_begins_or_after_it_ends_is_silent(tmp_path: Path) -> None:
    path = write_sounding_video(tmp_path / "v.mp4", sound_s=(2.0, 4.0))
    assert cut(path, 0.0, 1.5).sound is None
    assert cut(path, 4.5, 6.0).sound is None
    check_in_step(cut(path, 1.0, 6.0), start_s=1.0)


def test_sound_that_cannot_be_decoded_gives_a_silent_clip(tmp_path: Path) -> None:
    clip = cut(write_sounding_video(tmp_path / "v.mp4", spoil=lambda _: True), 2.0, 5.0)
    assert clip.sound is None and len(clip.times_s) == 3 * FPS


def test_damage_in_the_sound_costs_what_is_damaged_only(tmp_path: Path) -> None:
    path = write_sounding_video(tmp_path / "v.mp4", spoil=lambda number: 90 < number < 105)
    assert 90 * 1024 / 44_100 > 2.0 and 105 * 1024 / 44_100 < 2.6
    clip = cut(path, 2.7, 5.0)
    assert clip.sound_s == pytest.approx(2.3, abs=0.05)
    check_in_step(clip, start_s=2.7)


def test_a_codec_that_nobody_knows_gives_a_silent_clip(tmp_path: Path) -> None:
    path = write_sounding_video(tmp_path / "v.mkv")
    known = path.read_bytes()
    path.write_bytes(known.replace(b"A_AAC", b"A_XYZ"))
    assert path.read_bytes() != known
    clip = cut(path, 2.0, 5.0)
    assert clip.sound is None and len(clip.times_s) == 3 * FPS


def test_an_object_store_that_goes_away_while_listening_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_recording: Recording) -> None:
        raise DependencyUnavailable("s3", "no answer")

    monkeypatch.setattr(Recording, "open", away)
    path = write_sounding_video(tmp_path / "v.mp4")
    with pytest.raises(DependencyUnavailable):
        cut(path, 2.0, 5.0)
