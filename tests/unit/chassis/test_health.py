"""Readiness."""

from __future__ import annotations

import asyncio
import json

import pytest
from fastapi import Response
from fastapi.routing import APIRoute

from chassis import health as subject
from chassis.health import Health


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def broken() -> bool:
    raise ConnectionRefusedError("no")


async def hangs() -> bool:
    await asyncio.sleep(60)
    return True


async def get(health: Health, path: str) -> Response:
    """What an address of the health router answers."""
    (route,) = [route for route in health.router().routes if getattr(route, "path", "") == f"/internal/{path}"]
    assert isinstance(route, APIRoute)
    answer = await route.endpoint()
    assert isinstance(answer, Response)
    return answer


def said(answer: Response) -> dict[str, object]:
    body: dict[str, object] = json.loads(bytes(answer.body))
    return body


async def test_ready_when_every_dependency_answers_and_alive_in_any_case() -> None:
    health = Health({"kafka": yes, "mongo": yes}, away={})
    answer = await get(health, "ready")
    assert (answer.status_code, said(answer)["ready"]) == (200, True)
    assert said(answer)["dependencies"] == {"kafka": "ok", "mongo": "ok"}
    assert (await get(Health({"kafka": no}, away={}), "alive")).status_code == 204


async def test_not_ready_names_what_is_wrong_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "CHECK_TIMEOUT_S", 0.05)
    health = Health({"kafka": no, "mongo": broken, "s3": hangs, "triton": yes}, away={})
    answer = await get(health, "ready")
    assert answer.status_code == 503
    assert said(answer)["dependencies"] == {
        "kafka": "does not answer",
        "mongo": "ConnectionRefusedError",
        "s3": "TimeoutError",
        "triton": "ok",
    }


async def test_a_dependency_that_messages_wait_for_is_not_ready_although_it_answers() -> None:
    away: dict[str, str] = {}
    health = Health({"triton": yes}, away=away)
    away["triton"] = "model is loading"
    assert said(await get(health, "ready"))["dependencies"] == {"triton": "model is loading"}
    away.clear()
    assert (await get(health, "ready")).status_code == 200


async def test_a_service_that_is_shutting_down_is_not_ready() -> None:
    health = Health({}, away={})
    health.stopping = True
    assert (await get(health, "ready")).status_code == 503


async def test_whoever_asks_all_the_time_does_not_keep_the_dependencies_busy() -> None:
    asked = 0

    async def slow() -> bool:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0.05)
        return True

    health = Health({"mongo": slow}, away={})
    answers = await asyncio.gather(*(get(health, "ready") for _ in range(50)))
    assert (asked, {answer.status_code for answer in answers}) == (1, {200})
    first = health.metrics_text()
    assert health.metrics_text() is first
    await get(health, "ready")
    assert asked == 2


async def test_metrics_say_which_dependency_is_up() -> None:
    health = Health({"unit-up": yes, "unit-down": no}, away={})
    await health.report()
    text = bytes((await get(health, "metrics")).body).decode()
    assert 'screenalytics_dependency_up{dependency="unit-up"} 1.0' in text
    assert 'screenalytics_dependency_up{dependency="unit-down"} 0.0' in text
