"""`screenalytics run` as people and scripts use it: cold processes, a real episode, everything in the output folder."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from contracts.events import STAGES
from tests.support.samples import sample_episode

pytestmark = pytest.mark.e2e

TIMEOUT_S = 300
MANIFESTS = {
    "detections.jsonl",
    "tracks.jsonl",
    "tracks.npy",
    "faces.jsonl",
    "faces.npy",
    "shots.jsonl",
    "identities.json",
    "cast_links.json",
    "track_metrics.json",
    "cluster_centroids.json",
    "screen_time.json",
    "screen_time.csv",
    "screen_time.parquet",
}
OF_THE_RUN = {"run_id", "at", "event_id", "created_at", "stage_seconds", "stage_cpu_seconds", "uri"}
"""What may differ between two runs of one file: ids of the run, times, and addresses, which name the run."""


@dataclass(frozen=True)
class Done:
    """How a run ended."""

    status: int
    stdout: str
    stderr: str
    out: Path
    console: str = ""


@pytest.fixture(scope="module")
def episode(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A short episode with its cast folder."""
    return sample_episode(tmp_path_factory.mktemp("sample"))


def command(video: Path, cast: Path | None, out: Path, *options: str) -> list[str]:
    arguments = [sys.executable, "-m", "screenalytics", "run", str(video), "--out", str(out), *options]
    return [*arguments, "--cast", str(cast)] if cast else arguments


@pytest.fixture(scope="module")
def for_scripts(episode: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A run without a terminal and with `--json`."""
    out = tmp_path_factory.mktemp("scripts") / "out"
    done = subprocess.run(
        command(*episode, out, "--json", "--episode", "Show-S01E01"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr, out)


def read_terminal(ours: int, heard: Callable[[str], None]) -> str:
    """What is written to a terminal until its other side is closed; `heard` is told all of it after each piece."""
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
            heard(shown.decode(errors="replace"))
    except OSError:  # the other side is closed
        pass
    finally:
        os.close(ours)
    return shown.decode()


@pytest.fixture(scope="module")
def for_people(episode: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The same run on a terminal of 120 columns, from cold processes again; the console is opened and ended."""
    out = tmp_path_factory.mktemp("people") / "out"
    (outs, stdout), (errs, stderr) = pty.openpty(), pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", "CI": "", "NO_COLOR": ""}
    process = subprocess.Popen(
        command(*episode, out, "--episode", "show-s01e01", "--console"),
        stdin=stdout,
        stdout=stdout,
        stderr=stderr,
        env=environment,
    )
    os.close(stdout)
    os.close(stderr)
    opened: list[str] = []

    def open_console(shown: str) -> None:
        found = re.search(r"console: (http://127\.0\.0\.1:\d+/)\S*\r?\n", shown)
        if found and not opened:
            with urllib.request.urlopen(found[1], timeout=60) as page:
                opened.append(page.read().decode())
            process.send_signal(signal.SIGINT)

    with ThreadPoolExecutor(2) as readers:
        said, told = (
            readers.submit(read_terminal, outs, open_console),
            readers.submit(read_terminal, errs, lambda _: None),
        )
        status = process.wait(timeout=TIMEOUT_S)
    return Done(status, said.result().replace("\r\n", "\n"), told.result(), out, console="".join(opened))


def test_a_script_gets_json_on_stdout_and_plain_lines_on_stderr(for_scripts: Done) -> None:
    assert for_scripts.status == 0, for_scripts.stderr
    summary = json.loads(for_scripts.stdout)
    document = json.loads((for_scripts.out / "screen_time.json").read_text())
    assert summary["episode_id"] == document["episode_id"] == "show-s01e01"
    assert [person["visible_s"] for person in summary["cast"]] == [person["visible_s"] for person in document["cast"]]
    assert summary["cast"], "somebody was recognised"
    assert all(Path(path).is_file() for path in (*summary["files"], summary["report"]))
    assert "\x1b" not in for_scripts.stderr
    for stage in STAGES:
        assert re.search(rf"^{stage} +100%", for_scripts.stderr, re.MULTILINE), (stage, for_scripts.stderr)


def test_the_output_folder_holds_every_file(for_scripts: Done) -> None:
    assert {path.name for path in (for_scripts.out / "manifests").iterdir()} == MANIFESTS
    top = {"screen_time.json", "screen_time.csv", "screen_time.parquet", "report.html", "manifests"}
    assert {path.name for path in for_scripts.out.iterdir()} == top
    report = (for_scripts.out / "report.html").read_text()
    assert re.findall(r"(?:src|href)=[\"']?(?!#|data:)[^\"' >]+|url\((?!data:)", report) == [], "it opens offline"


def test_people_get_bars_and_a_table(for_people: Done) -> None:
    assert for_people.status == 0, for_people.stderr
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", for_people.stderr).replace("\r", "\n").splitlines()
    for stage in STAGES:
        last = [line for line in lines if line.startswith(stage)][-1]
        assert "━━━" in last
        assert re.search(r"100% .*done", last), last
    assert any(re.match(r"detector .*\dx real time", line) for line in lines)
    assert "Coverage: somebody on screen" in for_people.stdout
    assert "<title>Screenalytics</title>" in for_people.console
    assert "report.html\nconsole: http://127.0.0.1:" in for_people.stdout
    assert for_people.stdout.rstrip().endswith("/#/ep/show-s01e01/review"), "the last line leads to the console"


def test_the_same_file_and_settings_give_the_same_manifests(for_scripts: Done, for_people: Done) -> None:
    for name in sorted(MANIFESTS - {"screen_time.parquet"}):
        first, second = (comparable(done.out / "manifests" / name) for done in (for_scripts, for_people))
        assert first == second, name


def test_of_a_file_whose_end_is_missing_the_rest_is_analysed_and_the_report_says_so(
    episode: tuple[Path, Path], tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    with av.open(str(episode[0])) as source, av.open(str(whole), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) * 6 // 10])
    done = subprocess.run(
        command(cut, None, tmp_path / "out", "--json", "--profile", "low_power"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert any(warning.startswith("The file is cut off: ") for warning in summary["warnings"]), summary["warnings"]
    assert "The file is cut off: " in (tmp_path / "out" / "report.html").read_text()


def comparable(path: Path) -> object:
    """What a manifest says, without what may differ from run to run."""
    if path.suffix == ".npy":
        return path.read_bytes()
    if path.suffix == ".csv":
        return [re.sub(r"\b[0-9A-HJKMNP-TV-Z]{26}\b", "run", line) for line in path.read_text().splitlines()]
    if path.suffix == ".jsonl":
        return [_without(json.loads(line)) for line in path.read_text().splitlines()]
    return _without(json.loads(path.read_text()))


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without(part) for key, part in value.items() if key not in OF_THE_RUN}
    if isinstance(value, list):
        return [_without(part) for part in value]
    if isinstance(value, str) and value.startswith("s3://"):
        return value.rpartition("#")[2]
    return value
