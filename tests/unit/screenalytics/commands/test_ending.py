"""Commands that are told to end: one sentence, the status that shells expect, and nothing left running."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

WAITING = """
import asyncio, time
from screenalytics.commands.ending import run_to_its_end
from screenalytics.commands.errors import report_and_exit

async def wait():
    try:
        print("ready", flush=True)
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        {cleanup}
        raise asyncio.CancelledError("The sentence.") from None

with report_and_exit():
    {command}
"""
IN_A_LOOP = "run_to_its_end(wait())"
WITHOUT_A_LOOP = "print('ready', flush=True); time.sleep(60)"


def _hears_ctrl_c() -> None:
    """A shell's background jobs ignore SIGINT, and so would what this suite starts when it is one."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ended_by(*numbers: signal.Signals, command: str = IN_A_LOOP, cleanup: str = "pass") -> tuple[int, str]:
    """Status and stderr of a command that is sent signals once it runs."""
    program = subprocess.Popen(
        [sys.executable, "-c", WAITING.format(command=command, cleanup=cleanup)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_hears_ctrl_c,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    for number in numbers:
        program.send_signal(number)
        time.sleep(0.3)
    _, errors = program.communicate(timeout=30)
    return program.returncode, errors


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_with_a_loop_says_its_sentence(number: signal.Signals, status: int) -> None:
    assert ended_by(number) == (status, f"error: The sentence. [ended_by_{number.name.lower()}]\n")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_without_a_loop_unwinds_the_same_way(number: signal.Signals, status: int) -> None:
    ended, errors = ended_by(number, command=WITHOUT_A_LOOP)
    assert ended == status
    assert errors == f"error: What it had started has ended. [ended_by_{number.name.lower()}]\n"


def test_what_goes_wrong_while_it_ends_is_part_of_the_ending() -> None:
    status, errors = ended_by(signal.SIGTERM, cleanup="raise RuntimeError('a server was gone first')")
    assert (status, errors) == (143, "error: What it had started has ended. [ended_by_sigterm]\n")


def test_a_second_signal_ends_it_at_once() -> None:
    begun = time.monotonic()
    status, errors = ended_by(signal.SIGINT, signal.SIGINT, cleanup="time.sleep(0.4); await asyncio.sleep(60)")
    assert status == 130
    assert "at once" in errors and "Traceback" not in errors
    assert time.monotonic() - begun < 20


ENDED_AT_ONCE = """
import atexit
from screenalytics.commands.ending import end_at_once

class Module:
    def __del__(self):
        print("taken apart")

module = Module()
atexit.register(print, "asked for at the end")
print("said")
end_at_once(3)
"""


def test_a_process_that_ends_at_once_has_said_everything_and_takes_nothing_apart() -> None:
    done = subprocess.run([sys.executable, "-c", ENDED_AT_ONCE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (3, "said\nasked for at the end\n", "")
