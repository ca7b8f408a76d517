"""`models use`: the choice is remembered, and what another model embedded is embedded again, once."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace as Made
from typing import Any

import pytest

from chassis.errors import BadInput
from screenalytics.commands import models as commands
from screenalytics.local.machine import EMBEDDER_MODEL, embedder_model
from screenalytics.weights import load_registry, read_choice, write_choice

NEW = load_registry(overlay=Path("no-overlay.json")).models["dlib_resnet"].model_id
RUN = "01JGFJJZ00ABCDEFGHJKMNPQR0"


class Api:
    """Two shows, three episodes: one of the new model, one of another, one of which nothing is said."""

    def __init__(self) -> None:
        self.embedded: list[tuple[str, str]] = []
        self.started: list[tuple[str, bool, str, str]] = []

    def list_shows(self, *, cursor: str | None) -> Any:
        return Made(data=Made(items=[Made(show="one"), Made(show="two")], next_cursor=None))

    def embed_pictures(self, show: str, body: Any) -> Any:
        self.embedded.append((show, body.model_id))
        return Made(data=Made(changed=2, pictures=3, failed=["ann/0123456789abcdef"]))

    def list_episodes(self, *, state: str, cursor: str | None) -> Any:
        assert state == "finished"
        items = [Made(ep_id=f"one-s01e0{number}", current_run=Made(run_id=RUN)) for number in (1, 2, 3)]
        return Made(data=Made(items=items, next_cursor=None))

    def read_screen_time(self, ep_id: str) -> Any:
        models = {"one-s01e01": {"face_embedder": NEW}, "one-s01e02": {"face_embedder": "older"}}.get(ep_id)
        return Made(data=Made(models=models))

    def start_run(self, ep_id: str, body: Any, *, idempotency_key: str) -> Any:
        self.started.append((ep_id, body.reuse_tracks, body.reason, idempotency_key))
        return Made(data=Made(run_id="new"))


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Api:
    made = Api()

    @contextmanager
    def connect() -> Any:
        yield made

    monkeypatch.setattr(commands, "connect", connect)
    monkeypatch.setattr(commands, "pull", lambda *_, **__: tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv(EMBEDDER_MODEL, raising=False)
    monkeypatch.delenv("SCREENALYTICS_API_URL", raising=False)
    return made


def test_without_an_api_the_choice_is_remembered_and_said(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert embedder_model() == "sface"
    commands.use_command("dlib_resnet")
    assert (embedder_model(), api.embedded, api.started) == ("dlib_resnet", [], [])
    assert "SCREENALYTICS_API_URL" in capsys.readouterr().out


def test_what_another_model_embedded_is_embedded_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCREENALYTICS_API_URL", "http://127.0.0.1:1")
    commands.use_command("dlib_resnet")
    assert api.embedded == [("one", NEW), ("two", NEW)]
    assert [(ep_id, reuse) for ep_id, reuse, _, _ in api.started] == [("one-s01e02", True), ("one-s01e03", True)]
    assert "older" in api.started[0][2]
    keys = [key for *_, key in api.started]
    commands.use_command("dlib_resnet")
    assert [key for *_, key in api.started[2:]] == keys, "said again, it must be the same command"


def test_what_is_no_embedder_is_refused(api: Api) -> None:
    for name in ("face_detector", "nobody"):
        with pytest.raises(BadInput, match="no embedder"):
            commands.use_command(name)


def test_the_environment_wins_and_is_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EMBEDDER_MODEL, "sface")
    with pytest.raises(BadInput, match="set it to dlib_resnet"):
        commands.use_command("dlib_resnet")
    assert embedder_model() == "sface"


def test_a_choice_keeps_the_users_models(tmp_path: Path) -> None:
    overlay = tmp_path / "models.json"
    overlay.write_text(json.dumps({"models": {"mine": {"kept": True}}}))
    write_choice("face_embedder", "mine", overlay=overlay)
    assert json.loads(overlay.read_text())["models"] == {"mine": {"kept": True}}
    assert read_choice("face_embedder", overlay=overlay) == "mine"
    assert read_choice("face_detector", overlay=overlay) is None
