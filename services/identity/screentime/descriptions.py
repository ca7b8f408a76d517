"""What people said of a show, an episode and its cast, put into the screen time. Pure; nothing of it changes a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.cast import CastDetails
from contracts.external_ids import ProgrammeIds
from contracts.rows import ScreenTimeDocument


@dataclass(frozen=True, kw_only=True)
class Descriptions:
    """Ids of the show and the episode, and details of the cast by id."""

    show: ProgrammeIds = field(default_factory=ProgrammeIds)
    episode: ProgrammeIds = field(default_factory=ProgrammeIds)
    members: Mapping[str, CastDetails] = field(default_factory=dict)

    def basis(self, ep_id: str, cast_ids: Iterable[str]) -> dict[str, Any]:
        """What of it an episode's document of these cast members shows, as JSON; empty where nothing was said."""
        told = {one: self.members[one].in_episode(ep_id) for one in sorted(set(cast_ids)) if one in self.members}
        said = {
            "show": self.show.given(),
            "episode": self.episode.given(),
            "members": {one: details.model_dump(mode="json") for one, details in told.items() if not details.is_empty},
        }
        return {name: value for name, value in said.items() if value}

    def added_to(self, document: ScreenTimeDocument, *, previous: ScreenTimeDocument | None) -> ScreenTimeDocument:
        """The document with everything that is said of those in it; `changes` tells what was said since the previous."""
        known = {one: details.in_episode(document.episode_id) for one, details in self.members.items()}
        cast = tuple(row.model_copy(update={"details": known.get(row.cast_id, CastDetails())}) for row in document.cast)
        ids = {"external_ids": self.episode, "show_external_ids": self.show}
        described = document.model_copy(update={"cast": cast} | ids)
        return described.model_copy(update={"changes": (*document.changes, *_changes(previous, described))})


def _changes(previous: ScreenTimeDocument | None, current: ScreenTimeDocument) -> list[str]:
    if previous is None:
        return []
    before = {row.cast_id: row.details for row in previous.cast}
    sentences = [
        f"Other things are said of {row.name}: {_shown(row.details)}."
        for row in current.cast
        if row.cast_id in before and before[row.cast_id] != row.details
    ]
    ids = (current.show_external_ids, current.external_ids)
    if (previous.show_external_ids, previous.external_ids) != ids:
        sentences.append("The ids of the show or the episode in other registries changed.")
    return sentences


def _shown(details: CastDetails) -> str:
    parts = [
        details.role or "",
        " and ".join(details.characters),
        *details.external_ids.given().values(),
        *(f"{name} {value}" for name, value in sorted(details.attributes.items())),
    ]
    return ", ".join(part for part in parts if part) or "nothing any more"
