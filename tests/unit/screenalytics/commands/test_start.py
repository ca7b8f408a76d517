"""What the command line loads before it has something to do; counted, because times depend on the machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

DEAR = {
    *(
        "aioboto3",
        "aiokafka",
        "av",
        "cv2",
        "fastapi",
        "faststream",
        "guessit",
        "httpx",
        "numpy",
        "PIL",
        "pymongo",
        "rich",
    ),
    *("scipy", "screenalytics.http_client.client"),
}

SCRIPT = """
import json, sys
from screenalytics.cli.app import main
status = 0
try:
    main()
except SystemExit as ended:
    status = ended.code
print(json.dumps({"status": status, "modules": sorted(sys.modules)}), file=sys.stderr)
"""


def started(*arguments: str, cwd: Path) -> tuple[int, set[str]]:
    """Exit status of a command, and the modules loaded for it."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=True, cwd=cwd
    )
    told = json.loads(done.stderr.splitlines()[-1])
    return int(told["status"] or 0), set(told["modules"])


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        pytest.param(["--help"], 0, id="help"),
        pytest.param(["run", "missing.mp4"], 2, id="missing-video"),
        pytest.param(["run", "here.mp4", "--episode", "no id"], 2, id="bad-id"),
        pytest.param(["run", "here.mp4", "--episode", "a-s01e01", "--cast", "nowhere"], 2, id="missing-cast"),
        pytest.param(["emit", "missing.mp4", "--episode", "a-s01e01"], 2, id="emit-missing"),
    ],
)
def test_help_and_wrong_words_load_nothing_dear(tmp_path: Path, arguments: list[str], status: int) -> None:
    (tmp_path / "here.mp4").write_bytes(b"not looked at")
    ended, modules = started(*arguments, cwd=tmp_path)
    assert ended == status
    assert sorted(DEAR & modules) == []
    assert len(modules) < (300 if arguments == ["--help"] else 500)


def test_the_program_loads_its_command_line_when_it_runs_a_command() -> None:
    """Python loads the program again in every process that reads videos."""
    script = (
        "import sys, screenalytics.__main__; print([name for name in sys.modules if name.startswith('screenalytics.')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['screenalytics.__main__']"
