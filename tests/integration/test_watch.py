"""`screenalytics watch` over real servers: a folder and a bucket, twice, and servers that are away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.errors import DependencyUnavailable
from chassis.kafka.connection import ensure_topics
from chassis.s3.storage import Storage
from contracts.events import EpisodeUploaded
from screenalytics.commands import watch as subject
from screenalytics.commands.watch import Watching, watch
from screenalytics.events.subscriber import subscribe
from screenalytics.events.watching import Memory, Settling
from screenalytics.local.machine import settings_for
from screenalytics.local.servers import Stack
from tests.support.api_examples import difference
from tests.support.videos import write_video

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parents[2] / "docs" / "watching.md"


@pytest.fixture
def addresses(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the page has them: two films, one that is none, and what is not looked into."""
    folder = tmp_path_factory.mktemp("films") / "incoming"
    season = folder / "Night Shift" / "Season 2"
    season.mkdir(parents=True)
    write_video(season / "05 - The Visit.mp4", seconds=1)
    write_video(folder / "night.shift.s02e06.mp4", seconds=2)
    (folder / "night.shift.s02e07.mp4").write_bytes(b"no film at all")
    (folder / "night.shift.s02e08.mp4.part").write_bytes(b"half")
    (folder / "notes.txt").write_text("nothing")
    return folder


def blocks(language: str) -> Iterator[str]:
    return iter(re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL))


async def watched(place: str, capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    """What a look printed, and said."""
    done = await watch(place, profile="balanced", state=None, every_s=0.01, settle_s=0, once=True)
    assert done == 0
    printed = capsys.readouterr()
    return [json.loads(line) for line in printed.out.splitlines()], printed.err


async def test_each_film_of_a_folder_becomes_an_episode_once(
    stack: Stack, addresses: None, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(stack.environment())
    await ensure_topics(settings.kafka)
    async with Storage.connect(settings.s3) as storage:
        await storage.ensure_bucket()
    async with subscribe(settings.kafka, [EpisodeUploaded.TOPIC]) as events:
        printed, said = await watched(str(films), capsys)
        received = [await events.next(20), await events.next(20)]
    documented = [json.loads(line) for line in next(blocks("json")).splitlines()]
    assert difference(documented, printed, {}) == ""
    assert said.startswith(next(blocks("text")).strip().removesuffix("…"))
    assert "[unreadable]" in said or "[not_a_video]" in said
    assert {one.event_id for one in received if one} == {one["event_id"] for one in printed}
    assert await watched(str(films), capsys) == ([], "")


async def test_films_below_a_prefix_are_copied_and_taken_once(
    stack: Stack, addresses: None, films: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(stack.environment())
    await ensure_topics(settings.kafka)
    deliveries = settings.s3.model_copy(update={"bucket": "deliveries"})
    async with Storage.connect(deliveries) as source:
        await source.ensure_bucket()
        await source.sync_to_s3(films / "Night Shift", "in/Day Shift")
        await source.put("in/day.shift.s01e02.mp4", b"no film at all")
        await source.put("elsewhere/day.shift.s01e03.mp4", b"not asked for")
    printed, said = await watched("s3://deliveries/in", capsys)
    assert [one["ep_id"] for one in printed] == ["day-shift-s02e05"]
    assert said.startswith("day.shift.s01e02.mp4 is passed over: ")
    async with Storage.connect(settings.s3) as storage:
        film = films / "Night Shift" / "Season 2" / "05 - The Visit.mp4"
        assert await storage.read(printed[0]["video"]) == film.read_bytes()
    assert await watched("s3://deliveries/in", capsys) == ([], "")


async def test_another_film_of_the_same_episode_is_passed_over(
    stack: Stack, addresses: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await ensure_topics(settings_for(stack.environment()).kafka)
    film = write_video(tmp_path / "late.show.s01e01.mp4", seconds=1)
    assert len((await watched(str(tmp_path), capsys))[0]) == 1
    write_video(film, seconds=2)
    printed, said = await watched(str(tmp_path), capsys)
    assert printed == []
    assert "[episode_taken]" in said


async def test_a_server_that_is_away_is_waited_for(
    stack: Stack, addresses: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(stack.environment())
    await ensure_topics(settings.kafka)
    write_video(tmp_path / "early.show.s01e01.mp4", seconds=1)
    answers = iter([DependencyUnavailable("kafka", "it does not answer"), None])
    publish = subject.emitter.publish

    async def publishing(*given: Any, **named: Any) -> str:
        if (away := next(answers)) is not None:
            raise away
        return await publish(*given, **named)

    monkeypatch.setattr(subject.emitter, "publish", publishing)
    async with Storage.connect(settings.s3) as storage:
        place = subject.place_of(str(tmp_path), storage)
        memory = Memory.opened(tmp_path / "state.json", str(tmp_path))
        watching = Watching(place, memory, storage, settings.kafka, profile="balanced")
        await watching.run(Settling(0), every_s=0.01, once=True)
    printed = capsys.readouterr()
    assert json.loads(printed.out)["ep_id"] == "early-show-s01e01"
    assert "waiting for it" in printed.err
