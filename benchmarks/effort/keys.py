"""How many keys an answer takes in the console: `console/src/lib/keylist.ts`, `console/src/parts/NameField.svelte`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

A_KEY = 1
SHOWN = 8
REMEMBERED = 8


@dataclass(kw_only=True)
class NameField:
    """The field in which a name is typed. `options` are names by id, `recent` the ids that were picked here lately."""

    options: dict[str, str]
    recent: list[str] = field(default_factory=list)

    def keys_to_pick(self, wanted: str, suggested: Sequence[str]) -> int:
        """The fewest first letters of the name that bring it to the top, and Enter; it is recent from then on."""
        name = self.options[wanted]
        letters = next(
            count for count in range(len(name) + 1) if self._fitting(name[:count], suggested)[:1] == [wanted]
        )
        self.recent = [wanted, *(one for one in self.recent if one != wanted)][:REMEMBERED]
        return letters + A_KEY

    def keys_to_add(self, name: str) -> int:
        """A name that nobody has yet: all its letters and Enter, with Ctrl where somebody's name holds it."""
        return len(name) + A_KEY + (A_KEY if self._fitting(name, ()) else 0)

    def _fitting(self, typed: str, suggested: Sequence[str]) -> list[str]:
        wanted = typed.strip().casefold()
        found = [one for one, label in self.options.items() if wanted in label.casefold()]
        return sorted(found, key=lambda one: self._place(one, wanted, suggested))[:SHOWN]

    def _place(self, one: str, wanted: str, suggested: Sequence[str]) -> tuple[bool, int, str]:
        label = self.options[one].casefold()
        begins = any(word.startswith(wanted) for word in re.split(r"\s+", label))
        if one in suggested:
            rank = suggested.index(one)
        else:
            rank = 100 + self.recent.index(one) if one in self.recent else 1000
        return bool(wanted) and not begins, rank, label
