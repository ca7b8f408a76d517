"""What the services of one machine are told about its embedded broker."""

from __future__ import annotations

import pytest

from chassis.settings import KafkaSettings
from screenalytics.local.machine import EMBEDDED_BROKER, FOR_ONE_EPISODE, broker_settings, settings_for

KAFKA_SESSION_AT_LEAST_MS = 6000


def broker(told: dict[str, str]) -> KafkaSettings:
    return settings_for(told).kafka


@pytest.mark.parametrize("told", [EMBEDDED_BROKER, EMBEDDED_BROKER | FOR_ONE_EPISODE], ids=["up", "run"])
def test_several_heartbeats_fit_into_a_session(told: dict[str, str]) -> None:
    settings = broker(told)
    assert 2 * settings.heartbeat_interval_ms <= settings.session_timeout_ms


def test_a_machine_for_one_episode_joins_sooner_and_keeps_all_else() -> None:
    usual, quick = broker(EMBEDDED_BROKER), broker(EMBEDDED_BROKER | FOR_ONE_EPISODE)
    assert quick.session_timeout_ms <= 2000 < KAFKA_SESSION_AT_LEAST_MS <= usual.session_timeout_ms
    same = {"session_timeout_ms", "heartbeat_interval_ms"}
    assert quick.model_dump(exclude=same) == usual.model_dump(exclude=same)


def test_a_session_that_the_user_chose_stands_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCREENALYTICS_KAFKA__HEARTBEAT_INTERVAL_MS", "5000")
    told = broker_settings(for_one_episode=True)
    assert told["SCREENALYTICS_KAFKA__SESSION_TIMEOUT_MS"] == "6000"
    assert broker(told).heartbeat_interval_ms == 5000


def test_a_heartbeat_that_is_no_shorter_than_its_session_is_refused() -> None:
    with pytest.raises(ValueError, match="heartbeat_interval_ms must be less than session_timeout_ms"):
        KafkaSettings(session_timeout_ms=1500, heartbeat_interval_ms=1500)
