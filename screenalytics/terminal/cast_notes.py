"""What people hear of their cast folder: what was passed over, which pictures are refused, and who is left without any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from screenalytics.events.cast_folder import CastFolder, PassedOver
from screenalytics.terminal.messages import printable

MOST_NAMES = 8
"""Names listed for one reason; the others are counted."""


class Verdict(Protocol):
    """What became of a picture, as events and the HTTP API say it."""

    @property
    def cast_id(self) -> str: ...
    @property
    def filename(self) -> str: ...
    @property
    def accepted(self) -> bool: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


def tell_passed_over(passed_over: Sequence[PassedOver]) -> list[str]:
    """What is not taken, a line for every reason; no line where nothing is."""
    names: dict[str, list[str]] = {}
    for one in passed_over:
        names.setdefault(one.why, []).append(one.path)
    if not names:
        return []
    head = f"passed over in the cast folder: {_several(len(passed_over), 'file')}"
    return [head, *(f"- {_listed(paths)}: {why}" for why, paths in names.items())]


def tell_refused(verdicts: Sequence[Verdict]) -> list[str]:
    """All pictures that cannot be used, each with its reason; no line where all can."""
    refused = [verdict for verdict in verdicts if not verdict.accepted]
    if not refused:
        return []
    head = f"not used of the cast's pictures: {len(refused)} of {len(verdicts)}"
    return [head, *(printable(f"- {one.filename}: {one.message} [{one.code}]") for one in refused)]


def tell_without_pictures(cast: CastFolder, verdicts: Sequence[Verdict]) -> list[str]:
    """Who cannot be recognised, for want of a picture that can be used; no line where everybody has one."""
    shown = {verdict.cast_id for verdict in verdicts if verdict.accepted}
    names = [member.name for member in cast.members if member.cast_id not in shown]
    return [f"no usable picture of {_listed(names)}: nobody is recognised by that name"] if names else []


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    listed = ", ".join(names[:MOST_NAMES])
    return printable(f"{listed} and {more} more" if more > 0 else listed)


def _several(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
