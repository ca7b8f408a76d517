"""Work in a child process gives what it would give here; what it does to itself is an error with a code here."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from chassis.errors import BadInput, DependencyUnavailable, StaleVersion, WorkerDied
from chassis.settings import DecodingLimits
from chassis.video.limited import LimitedWork, LimitReached, run_limited
from chassis.video.limited_child import SLOT_BYTES
from tests.support import limited_work as does

ROOT = Path(__file__).resolve().parents[4]
WITHIN = DecodingLimits(memory_mib=128, cpu_s=20)


@pytest.mark.parametrize("shape", [(4,), (360, 640, 3), (0, 3), (SLOT_BYTES + 1,), ()])
def test_items_arrive_in_order_with_their_own_memory_and_the_result_last(shape: tuple[int, ...]) -> None:
    working: LimitedWork[does.Item, str] = LimitedWork(does.numbered, 7, shape, within=WITHIN)
    items = list(working)
    assert [number for number, _ in items] == list(range(7))
    assert all(pixels.shape == shape and (pixels == number).all() for number, pixels in items)
    assert working.value == "all"
    for _, pixels in items:
        pixels[...] = 9  # writable, and nobody else's


def test_the_child_is_at_most_a_few_items_ahead() -> None:
    working: LimitedWork[does.Item, str] = LimitedWork(does.numbered, 1000, (16,), within=WITHIN)
    next(working)
    time.sleep(0.3)
    child = _child_of(working)
    before = child.cpu_times().user
    time.sleep(0.5)
    assert child.cpu_times().user - before < 0.1, "it waits for us"
    working.close()


async def test_a_function_is_answered_from_another_process() -> None:
    given, named, pid = await run_limited(does.echo, 1, "two", within=WITHIN, three=[3.0])
    assert (given, named) == ((1, "two"), {"three": [3.0]})
    assert pid != os.getpid()


@pytest.mark.parametrize(
    ("kind", "expected"), [("bad", BadInput), ("stale", StaleVersion), ("away", DependencyUnavailable)]
)
async def test_errors_cross_whole(kind: str, expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        await run_limited(does.refuse, kind, within=WITHIN)
    with pytest.raises(expected) as here:
        does.refuse(kind)
    assert type(caught.value) is type(here.value)
    assert str(caught.value) == str(here.value)
    told = {name: value for name, value in vars(caught.value).items() if name != "__notes__"}
    assert told == vars(here.value)
    assert "limited_work.py" in caught.value.__notes__[0]


def test_what_came_before_an_error_is_there() -> None:
    working: LimitedWork[does.Item, str] = LimitedWork(does.numbered, 9, (8,), 5, within=WITHIN)
    assert [next(working)[0] for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="no 5"):
        next(working)
    assert list(working) == []


async def test_memory_is_bounded_and_the_bound_is_for_one_child() -> None:
    assert await run_limited(does.write_memory, 100, within=WITHIN) == 100
    with pytest.raises(LimitReached, match="128 MiB") as caught:
        await run_limited(does.write_memory, 4000, within=WITHIN)
    assert caught.value.code == "too_much_memory"
    assert await run_limited(does.write_memory, 200, within=DecodingLimits(memory_mib=256, cpu_s=20)) == 200


async def test_a_size_that_cannot_be_right_is_no_lack_of_memory() -> None:
    with pytest.raises(MemoryError, match="3 TiB"):
        await run_limited(does.ask_for_too_much, within=WITHIN)


async def test_computing_is_bounded() -> None:
    with pytest.raises(LimitReached) as caught:
        await run_limited(does.compute_for_ever, within=DecodingLimits(memory_mib=128, cpu_s=1))
    assert caught.value.code == "too_much_computing"


@pytest.mark.parametrize(("how", "sign"), [("abort", "SIGABRT"), ("killed", "SIGKILL"), ("exit", "exit status 7")])
async def test_a_crash_is_an_error_that_says_how(how: str, sign: str) -> None:
    with pytest.raises(WorkerDied, match=sign) as caught:
        await run_limited(does.crash, how, within=WITHIN)
    assert caught.value.code == "decoder_crashed"
    assert (await run_limited(does.echo, 1, within=WITHIN))[0] == (1,), "the next one is not affected"


async def test_what_cannot_be_sent_is_said() -> None:
    with pytest.raises(TypeError, match="cannot be sent"):
        await run_limited(does.cannot_be_sent, within=WITHIN)


async def test_cancelling_ends_the_child_at_once() -> None:
    before = set(_children())
    task = asyncio.create_task(run_limited(does.wait_for_ever, within=WITHIN))
    while not (started := set(_children()) - before):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in started if psutil.pid_exists(pid)], timeout=5)
    assert not alive


def test_closing_from_another_thread_ends_the_iteration() -> None:
    working: LimitedWork[does.Item, str] = LimitedWork(does.wait_for_ever, within=WITHIN)
    threading.Timer(0.5, working.close).start()
    assert list(working) == []
    working.close()
    assert list(working) == []


def test_closed_before_it_began_nothing_starts() -> None:
    working: LimitedWork[does.Item, str] = LimitedWork(does.numbered, 3, (4,), within=WITHIN)
    working.close()
    assert list(working) == []


def test_no_descriptors_are_left() -> None:
    list(LimitedWork(does.numbered, 3, (8,), within=WITHIN))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        list(LimitedWork(does.numbered, 3, (8,), within=WITHIN))
        with pytest.raises(WorkerDied):
            LimitedWork(does.crash, "abort", within=WITHIN).result()
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_children_end_with_a_service_that_is_killed() -> None:
    script = (
        "from tests.support import limited_work; from chassis.settings import DecodingLimits\n"
        "from chassis.video.limited import LimitedWork\n"
        "next(LimitedWork(limited_work.told_and_waiting, within=DecodingLimits()))"
    )
    service = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert service.stdout is not None
    child = psutil.Process(int(service.stdout.readline()))
    server = child.parent()
    assert server is not None
    service.kill()
    service.wait()
    _, alive = psutil.wait_procs([child, server], timeout=10)
    assert alive == []


def test_a_child_finds_loaded_what_it_is_made_of() -> None:
    script = (
        "from tests.support import limited_work; from chassis.settings import DecodingLimits\n"
        "from chassis.video.limited import LimitedWork, prepare\n"
        "prepare('tests.support.limited_work')\n"
        "works = [LimitedWork(limited_work.processor_s_by_now, within=DecodingLimits()) for _ in range(5)]\n"
        "print(min(work.result() for work in works))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert float(run.stdout) < 0.03, "0.005 when forked from what is loaded, 0.06 with the settings to load"


def _children() -> list[int]:
    return [process.pid for process in psutil.Process().children(recursive=True)]


def _child_of(working: LimitedWork[does.Item, str]) -> psutil.Process:
    assert working._process is not None
    assert working._process.pid is not None
    return psutil.Process(working._process.pid)
