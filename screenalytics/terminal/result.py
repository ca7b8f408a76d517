"""The result of a run as a table for the end of a command."""

from __future__ import annotations

import io
import sys

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.rows import CastScreenTime, ScreenTimeDocument
from screenalytics.terminal.messages import can_animate, printable

HEADINGS = ("Name", "On screen", "Share", "Appearances", "Confidence")
DOUBTFUL_CONFIDENCE = 0.7
MAX_NAME_CELLS = 40
SHOWN_FROM_S = 0.05
"""A picture that starts later than the sound by so much is worth a line."""
TABLE_WIDTH = 100


def screen_seconds(seconds: float) -> str:
    """`h:mm:ss.s` or `m:ss.s`: minutes people read, tenths they compare."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    clock = f"{rest // 10:02d}.{rest % 10}"
    return f"{minutes}:{clock}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}:{clock}"


def render_result_table(document: ScreenTimeDocument, *, plain: bool | None = None) -> str:
    """The people of an episode with their time, then who is unidentified, the coverage and the warnings.

    `plain` None decides by standard output: colours and rules on a terminal, bare aligned columns elsewhere.
    """
    plain = not can_animate(sys.stdout) if plain is None else plain
    rows = [_cells(member) for member in document.cast if member.visible_s > 0]
    if not rows:
        table = "Nobody from the cast was recognised."
    elif plain:
        table = _plain_table(rows)
    else:
        table = _drawn_table(document)
    return "\n".join([table, "", *_closing_lines(document)])


def _cells(member: CastScreenTime) -> tuple[str, ...]:
    return (
        _shortened(printable(member.name)),
        screen_seconds(member.visible_s),
        f"{member.share:.1%}",
        f"{member.appearances:,}",
        f"{member.confidence:.0%}",
    )


def _shortened(name: str) -> str:
    if cell_len(name) <= MAX_NAME_CELLS:
        return name
    while cell_len(name) >= MAX_NAME_CELLS:
        name = name[:-1]
    return name.rstrip() + "…"


def _plain_table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(cell_len(row[column]) for row in (HEADINGS, *rows)) for column in range(len(HEADINGS))]

    def line(cells: tuple[str, ...]) -> str:
        spaces = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
        figures = (space + cell for cell, space in zip(cells[1:], spaces[1:], strict=True))
        return "  ".join([cells[0] + spaces[0], *figures])

    return "\n".join(line(row) for row in (HEADINGS, *rows))


def _drawn_table(document: ScreenTimeDocument) -> str:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column(HEADINGS[0], no_wrap=True)
    for heading in HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for member in document.cast:
        if member.visible_s > 0:
            name, seconds, share, appearances, confidence = _cells(member)
            doubtful = member.confidence < DOUBTFUL_CONFIDENCE
            table.add_row(
                Text(name, style="bold"),
                Text(seconds, style="cyan"),
                Text(share),
                Text(appearances),
                Text(confidence, style="yellow" if doubtful else ""),
            )
    written = io.StringIO()
    Console(file=written, force_terminal=True, color_system="standard", width=TABLE_WIDTH, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def _closing_lines(document: ScreenTimeDocument) -> list[str]:
    lines = []
    if document.unidentified:
        count = len(document.unidentified)
        seconds = screen_seconds(sum(person.visible_s for person in document.unidentified))
        lines.append(f"Unidentified: {count} {'person' if count == 1 else 'people'}, {seconds} in all")
    if document.figures:
        count = len(document.figures)
        seconds = screen_seconds(document.coverage.figures_s)
        lines.append(f"Apart: {count} {'picture' if count == 1 else 'pictures'} of people, {seconds} in all")
    unseen = [printable(member.name) for member in document.cast if member.visible_s <= 0]
    if unseen:
        lines.append(f"Not seen: {', '.join(unseen)}")
    coverage = document.coverage
    part = coverage.any_face_s / document.duration_s if document.duration_s else 0.0
    lines.append(
        f"Coverage: somebody on screen {screen_seconds(coverage.any_face_s)} ({part:.1%}), "
        f"nobody {screen_seconds(coverage.nobody_s)}, of {screen_seconds(document.duration_s)}"
    )
    if document.starts_at_s >= SHOWN_FROM_S:
        lines.append(f"The picture starts at {screen_seconds(document.starts_at_s)} on a player's clock.")
    codes = {warning.sentence: warning.code for warning in document.warning_details}
    lines += [_warning_line(sentence, codes.get(sentence)) for sentence in document.warnings]
    return lines


def _warning_line(sentence: str, code: str | None) -> str:
    return f"Warning: {printable(sentence)}" + (f" [{code}]" if code else "")
