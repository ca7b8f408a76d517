"""Recluster: other thresholds for the whole episode."""

from __future__ import annotations

from typing import Literal, Self

from services.grouper.edits.kinds.base import BaseEdit, Before, EditChange, EditRequest, Overrides, Translation, Why
from services.grouper.edits.people import People


class Recluster(BaseEdit):
    """From here on the episode is grouped with these thresholds; the latest one holds alone."""

    kind: Literal["recluster"] = "recluster"
    overrides: Overrides

    def translated(self, new: Translation) -> Self:
        return self

    def thresholds(self) -> Overrides:
        return self.overrides

    def change(self, before: Before) -> EditChange:
        return EditChange(overrides_before=before.overrides(), overrides=self.overrides)

    def sentence(self, change: EditChange) -> str:
        was, now = (
            {} if one is None else one.model_dump(exclude_none=True)
            for one in (change.overrides_before, change.overrides)
        )
        said = [
            f"{name} from {_threshold(was.get(name))} to {_threshold(now.get(name))}"
            for name in sorted(was.keys() | now.keys())
            if was.get(name) != now.get(name)
        ]
        return "recluster" + (f" with {', '.join(said)}" if said else "")


class ReclusterEpisode(EditRequest):
    """Group with other thresholds from here on; an empty object goes back to those of the settings."""

    kind: Literal["recluster"] = "recluster"
    overrides: Overrides
    why: Why = None

    def edit(self, people: People) -> Recluster:
        return Recluster(overrides=self.overrides)


def _threshold(value: float | None) -> str:
    return "its setting" if value is None else f"{value:g}"
