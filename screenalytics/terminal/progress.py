"""Progress of a run on standard error: a bar for every stage on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from contracts.events import STAGES, EpisodeProgress, RunStarted, ScreenTimeReported, Stage
from screenalytics.terminal.messages import can_animate, printable
from screenalytics.terminal.tally import RunTally, StageTally

PLAIN_STEPS = 10
"""Without a terminal, a stage says at most this many times how far it is."""

REFRESH_PER_S = 8
BAR_WIDTH, NARROW_BAR_WIDTH = 28, 14
WIDE = 110
"""Columns of a terminal from which on there is room for long bars."""
RATE_WIDTH = len("999.9x real time")
LEFT_WIDTH = len("9:59:59 left")


class ProgressView:
    """Shows how far a run is. Everything goes to `stream`, standard error unless told otherwise.

    `duration_s` and `segments` may be given where they are known before the run has started.
    """

    def __init__(
        self,
        duration_s: float | None = None,
        segments: int | None = None,
        *,
        stream: TextIO | None = None,
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._tally = RunTally(duration_s=duration_s, segments=segments, now=clock())
        self._said: dict[Stage, int] = {}
        self._closed = False
        self._animated = can_animate(stream, environ)
        self._console = Console(file=stream, highlight=False, soft_wrap=not self._animated)
        self._live: Live | None = None

    def started(self, event: RunStarted) -> None:
        """Show what the run is about and begin to measure."""
        fresh = self._tally.start(event.run_id, duration_s=event.duration_s, segments=event.segments, now=self._clock())
        if not fresh or self._closed:
            return
        self._said.clear()
        pieces = f"{event.segments} segment{'' if event.segments == 1 else 's'}"
        picture = f"{event.width}x{event.height} {event.codec}"
        self.message(f"{event.ep_id}: {clock_time(event.duration_s)} of {picture} in {pieces}, profile {event.profile}")
        if self._animated and self._live is None:
            self._live = Live(
                get_renderable=self._bars,
                console=self._console,
                refresh_per_second=REFRESH_PER_S,
                redirect_stdout=False,
            )
            self._live.start()

    def update(self, event: EpisodeProgress) -> None:
        """Count one piece of finished work. Repeats and events of other runs change nothing."""
        if self._closed or not self._tally.add(event, now=self._clock()):
            return
        if not self._animated:
            self._say_progress(event.stage)

    def reported(self, event: ScreenTimeReported) -> None:
        """The result is there: show every stage as done."""
        if self._closed or not self._tally.finish(event.run_id) or self._animated:
            return
        for stage in STAGES:
            self._say_progress(stage)

    def message(self, text: str) -> None:
        """Print a line of its own, above the bars where there are any."""
        self._console.print(Text(printable(text)))

    def close(self) -> None:
        """Leave the last state on the screen and free the terminal. May be called again."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            self._console.print()
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _say_progress(self, stage: Stage) -> None:
        tally = self._tally.stages[stage]
        step = int(tally.fraction * PLAIN_STEPS)
        if step <= self._said.get(stage, 0):
            return
        self._said[stage] = step
        parts = [f"{stage:<9}{tally.fraction:4.0%}", pieces_done(stage, tally)]
        parts += [part for part in (rate_text(tally), counts_text(tally), self._left_text(stage)) if part]
        self._console.print(Text("  ".join(parts)))

    def _left_text(self, stage: Stage) -> str:
        left_s = self._tally.seconds_left(stage, now=self._clock())
        return "" if self._tally.stages[stage].finished or left_s is None else f"{clock_time(left_s)} left"

    def _bars(self) -> Table:
        bar_width = BAR_WIDTH if self._console.width >= WIDE else NARROW_BAR_WIDTH
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(width=bar_width)
        table.add_column(width=len("100%"), justify="right")
        table.add_column(width=RATE_WIDTH)
        table.add_column(width=LEFT_WIDTH)
        table.add_column()
        for stage in STAGES:
            tally = self._tally.stages[stage]
            waiting = tally.done == 0
            table.add_row(
                Text(stage, style="dim" if waiting else "green" if tally.finished else "bold"),
                ProgressBar(total=1.0, completed=tally.fraction, width=bar_width, finished_style="green"),
                Text(f"{tally.fraction:.0%}", style="dim" if waiting else ""),
                Text(rate_text(tally)),
                Text("done" if tally.finished else self._left_text(stage)),
                Text(counts_text(tally), style="dim", overflow="ellipsis", no_wrap=True),
            )
        return table


def clock_time(seconds: float) -> str:
    """`m:ss`, or `h:mm:ss` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def rate_text(tally: StageTally) -> str:
    """How many times faster than the video plays, empty where that is not known."""
    return "" if tally.rate is None else f"{tally.rate:.1f}x real time"


def pieces_done(stage: Stage, tally: StageTally) -> str:
    """`18/60 segments` for the stages that go through segments, `1/1` for the others."""
    pieces = f"{tally.done}/{tally.total}"
    return f"{pieces} segments" if stage in ("detector", "embedder") else pieces


def counts_text(tally: StageTally) -> str:
    """What the stage has found so far: `412 faces, 88 tracks`."""
    counts = sorted((name, count) for name, count in tally.counts.items() if round(count))
    return ", ".join(f"{count:,.0f} {printable(name).replace('_', ' ')}" for name, count in counts)
