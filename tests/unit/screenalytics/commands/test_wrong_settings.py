"""A setting that is wrong is one line for the person who gave it."""

from __future__ import annotations

import pytest

from chassis.settings import ChassisSettings
from screenalytics.commands.errors import BAD_INPUT, report_and_exit


@pytest.mark.parametrize(
    ("name", "value", "place"),
    [
        ("SCREENALYTICS_KAFKA__HEARTBEAT_INTERVAL_MS", "many-7361", "kafka.heartbeat_interval_ms"),
        ("SCREENALYTICS_KAFKA__HEARTBEAT_INTERVAL_MS", "7361000", "kafka (SCREENALYTICS_KAFKA)"),
        ("SCREENALYTICS_TRITON__IN_FLIGHT", "-7361", "triton.in_flight"),
    ],
)
def test_wrong_settings_are_named_and_their_values_are_not_shown(
    name: str, value: str, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended, report_and_exit():
        ChassisSettings()
    told = capsys.readouterr().err
    assert ended.value.code == BAD_INPUT
    assert told.startswith("error: ")
    assert place in told
    assert told.count("\n") == 1
    assert "7361" not in told
