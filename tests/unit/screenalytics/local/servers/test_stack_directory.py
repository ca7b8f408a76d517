from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from screenalytics.local.servers import DirectoryInUse
from screenalytics.local.servers.directory import StackDirectory, remove_abandoned

ROOT = Path(__file__).resolve().parents[5]

DIE_WITH_A_DIRECTORY = """
import os, signal
from pathlib import Path
from screenalytics.local.servers.directory import StackDirectory
directory = StackDirectory(None)
directory.note_leftovers([str(Path(os.environ["TMPDIR"]) / "socket-*")])
print(directory.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary_files_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_temporary_directory_is_removed() -> None:
    directory = StackDirectory(None)
    (directory.path / "data").mkdir()
    directory.close()
    assert not directory.path.exists()


def test_a_kept_directory_stays_and_remembers_its_ports(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = StackDirectory(kept)
    first.write_ports({"tansu": {"kafka": 9092}})
    first.close()
    second = StackDirectory(kept)
    assert second.read_ports() == {"tansu": {"kafka": 9092}}
    second.close()


def test_two_stacks_cannot_share_a_directory(tmp_path: Path) -> None:
    first = StackDirectory(tmp_path / "kept")
    with pytest.raises(DirectoryInUse, match="in use by another running stack"):
        StackDirectory(tmp_path / "kept")
    first.close()
    StackDirectory(tmp_path / "kept").close()


def test_what_a_killed_stack_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DIE_WITH_A_DIRECTORY],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    abandoned = Path(died.stdout.strip())
    (tmp_path / "socket-1").touch()
    (tmp_path / "unrelated").touch()
    assert abandoned.is_dir()
    StackDirectory(None).close()
    assert not abandoned.exists()
    assert not (tmp_path / "socket-1").exists() and (tmp_path / "unrelated").exists()


def test_what_a_dying_server_still_writes_is_removed_by_a_later_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    abandoned = StackDirectory(None)
    data = abandoned.path / "seaweedfs"
    data.mkdir()
    abandoned._lock.close()
    remove_all = shutil.rmtree

    def remove_while_somebody_writes(path: Path, **how: bool) -> None:
        remove_all(path, **how)
        data.mkdir(parents=True)

    with monkeypatch.context() as dying:
        dying.setattr(shutil, "rmtree", remove_while_somebody_writes)
        remove_abandoned()
    assert data.is_dir()
    remove_abandoned()
    assert not abandoned.path.exists()


def test_the_directory_of_a_living_stack_is_left_alone() -> None:
    living = StackDirectory(None)
    StackDirectory(None).close()
    assert living.path.is_dir()
    living.close()
