"""Commands that are told to end (Ctrl-C, `timeout`, job runners): what they started ends, and one sentence says so."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

AT_ONCE = "It ended at once; what it had started ends with it."


class ToldToEnd(Exception):
    """A command ended because a signal asked for it; `status` is what a shell expects then: 128 and its number."""

    def __init__(self, number: signal.Signals, sentence: str = "") -> None:
        super().__init__(sentence or "What it had started has ended.")
        self.status = 128 + number
        self.code = f"ended_by_{number.name.lower()}"


def run_to_its_end(coroutine: Coroutine[Any, Any, int | None]) -> int:
    """Run a command; returns its exit status.

    The first signal cancels it, so that it can end what it started; whatever goes wrong from then on is part of the
    ending. A second one ends the process at once. Commands that handle signals themselves replace these handlers.

    Raises:
        ToldToEnd: with the sentence that the command gave its CancelledError, if it gave one.
    """
    told: list[signal.Signals] = []

    async def attempt() -> int | None:
        _cancel_when_told(told)
        try:
            return await coroutine
        except asyncio.CancelledError as error:
            if told:
                raise ToldToEnd(told[0], str(error)) from None
            raise
        except Exception:
            if told:
                raise ToldToEnd(told[0]) from None
            raise

    return asyncio.run(attempt()) or 0


def end_at_once(status: int) -> NoReturn:
    """End a process that has done everything; taking its modules apart would take half a second of the processor."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by whoever started it
            stream.flush()
    os._exit(status)


def _cancel_when_told(told: list[signal.Signals]) -> None:
    """Let the first signal cancel the running task and note itself in `told`; a second one ends the process."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()

    def end(number: signal.Signals) -> None:
        if told:
            print(f"\n{AT_ONCE}", file=sys.stderr, flush=True)
            os._exit(128 + number)
        told.append(number)
        if task is not None:
            task.cancel()

    if _hears_signals():
        for number in SIGNALS:
            loop.add_signal_handler(number, end, number)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """For commands without an event loop: SIGTERM and SIGHUP unwind as Ctrl-C does."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise ToldToEnd(signal.Signals(number))

    heard = (signal.SIGTERM, signal.SIGHUP) if _hears_signals() else ()
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    except KeyboardInterrupt:
        raise ToldToEnd(signal.SIGINT) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _hears_signals() -> bool:
    """Only a program's main thread does; a command that another thread runs ends with its program."""
    return threading.current_thread() is threading.main_thread()
