"""Where the browser comes from: found, installed in CI, or a reason to skip."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from tests.console import browser

DEBIAN = "/usr/bin/chromium"


class Machine:
    """A machine without Chromium; `apt-get` says what it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, status: int = 0) -> None:
        self.ran: list[Sequence[str]] = []
        self._status = status
        self._installed = False
        monkeypatch.setattr("shutil.which", lambda name: DEBIAN if self._installed and name == "chromium" else None)
        monkeypatch.setattr("subprocess.run", self._run)

    def _run(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.ran.append(command)
        self._installed = self._status == 0 and "install" in command
        return subprocess.CompletedProcess(command, self._status, "", "E: no such package")


def test_ci_updates_the_lists_and_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    machine = Machine(monkeypatch)
    assert browser.find_chromium() == DEBIAN
    assert [command[1] for command in machine.ran] == ["update", "install"]


def test_ci_fails_where_it_cannot_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    Machine(monkeypatch, status=100)
    with pytest.raises(pytest.fail.Exception, match="no such package"):
        browser.find_chromium()


def test_elsewhere_nothing_is_installed_and_the_tests_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    machine = Machine(monkeypatch)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        browser.find_chromium()
    assert machine.ran == []
