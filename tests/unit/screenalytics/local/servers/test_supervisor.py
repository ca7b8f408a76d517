from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from screenalytics.local.servers import ChildEvent, ChildEventKind, Supervisor
from tests.unit.screenalytics.local.servers.scripted_server import LISTEN, MakeServer

ALWAYS_FAILS = "raise SystemExit('broken')"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_child_that_died_is_started_again(make_server: MakeServer) -> None:
    events: list[ChildEvent] = []
    server = make_server()
    await server.run()
    port = server.ports["tcp"]
    async with Supervisor([server], on_event=events.append, first_delay=0.05):
        server.kill()
        await until(lambda: len(events) == 2)
    assert [event.kind for event in events] == [ChildEventKind.DIED, ChildEventKind.RESTARTED]
    assert events[0].returncode == -signal.SIGKILL
    assert server.is_running and server.ports["tcp"] == port
    await server.stop()


async def test_the_pause_doubles_up_to_its_bound_and_what_failed_is_told(make_server: MakeServer) -> None:
    events: list[ChildEvent] = []
    server = make_server(script=ALWAYS_FAILS)
    async with Supervisor([server], on_event=events.append, first_delay=0.01, longest_delay=0.03):
        await until(lambda: sum(event.kind is ChildEventKind.DIED for event in events) >= 4)
    deaths = [event for event in events if event.kind is ChildEventKind.DIED]
    assert [event.delay_seconds for event in deaths[:4]] == [0.01, 0.02, 0.03, 0.03]
    assert [event.attempt for event in deaths[:4]] == [1, 2, 3, 4]
    failures = [event for event in events if event.kind is ChildEventKind.START_FAILED]
    assert "broken" in failures[0].message


async def test_a_child_that_ran_stably_starts_with_a_short_pause_again(make_server: MakeServer) -> None:
    events: list[ChildEvent] = []
    server = make_server()
    await server.run()
    async with Supervisor([server], on_event=events.append, first_delay=0.01, stable_after=0.0):
        for restarts in (1, 2):
            server.kill()
            await until(lambda: sum(e.kind is ChildEventKind.RESTARTED for e in events) == restarts)  # noqa: B023
    assert [event.attempt for event in events if event.kind is ChildEventKind.DIED] == [1, 1]
    await server.stop()


async def test_clients_are_restarted_with_the_broker_they_depend_on(make_server: MakeServer) -> None:
    events: list[ChildEvent] = []
    broker, client, stranger = make_server("broker"), make_server("client"), make_server("stranger")
    for server in (broker, client, stranger):
        await server.run()
    client_pid, stranger_pid = client.pid, stranger.pid
    async with Supervisor(
        [broker, client, stranger], on_event=events.append, dependents={"broker": ["client"]}, first_delay=0.01
    ):
        broker.kill()
        await until(lambda: any(e.name == "client" and e.kind is ChildEventKind.RESTARTED for e in events))
        await asyncio.sleep(0.3)  # time for a watcher that took the intended end for a death
    assert client.is_running and client.pid != client_pid
    assert stranger.pid == stranger_pid
    assert not any(e.name == "client" and e.kind is ChildEventKind.DIED for e in events)
    for server in (broker, client, stranger):
        await server.stop()


async def test_nothing_is_restarted_after_the_supervisor_has_left(make_server: MakeServer) -> None:
    events: list[ChildEvent] = []
    server = make_server(script=LISTEN)
    await server.run()
    async with Supervisor([server], on_event=events.append, first_delay=0.01):
        pass
    server.kill()
    await asyncio.sleep(0.3)
    assert not server.is_running and events == []
