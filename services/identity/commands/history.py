"""One history and one undo over all logs of an episode: the grouper's edits, the links, the sign-offs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, Protocol

from chassis.commands import Order
from chassis.errors import Conflict, NotFound, StaleVersion
from services.identity.commands.links import LinkCommands
from services.identity.commands.sign_off import SignOffCommands
from services.identity.history.of_identity import link_steps, sign_off_steps
from services.identity.history.steps import HistoryStep, Source, in_order, last_in_force, last_taken_back, named
from services.identity.history.wording import Known, in_words
from services.identity.links.episode_links import EpisodeLinks
from services.identity.queries.episodes import EpisodeReader
from services.identity.store.facebanks import FacebankStore

Walk = Literal["undo", "redo"]
PAGE = 500
"""Edits that are asked for at a time."""


@dataclass(frozen=True, kw_only=True)
class EditsPage:
    """Entries of the log of edits, the latest first, and the version of the log; `is_last` where no older ones follow."""

    version: int
    steps: tuple[HistoryStep, ...]
    is_last: bool


@dataclass(frozen=True, kw_only=True)
class Edited:
    """What became of a step that the grouper took back or made again."""

    version: int
    revision: int | None


class ClusterHistory(Protocol):
    """The grouper's log, as the caller may use it."""

    async def page(self, ep_id: str, *, below: int | None, limit: int) -> EditsPage:
        """Entries with versions below one."""
        ...

    async def walk(self, ep_id: str, action: Walk, edit_id: str, order: Order) -> Edited: ...


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a reader is in each log: the lowest version that was shown; None before the first page."""

    edits: int | None = None
    links: int | None = None
    sign_offs: int | None = None


@dataclass(frozen=True, kw_only=True)
class HistoryPage:
    """A part of the history, the versions there are, what undo and redo take next, and where the next part begins."""

    version: int
    versions: dict[Source, int]
    steps: tuple[HistoryStep, ...]
    undo: HistoryStep | None = None
    redo: HistoryStep | None = None
    following: Place | None = None


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What was taken back or made again. `revision` is the screen time with it, None while it is not made."""

    step: HistoryStep
    version: int
    versions: dict[Source, int]
    revision: int | None


class HistoryCommands:
    """Reads the history; undoes and redoes what its last step, or the one named, decided."""

    def __init__(
        self, links: LinkCommands, sign_offs: SignOffCommands, facebanks: FacebankStore, episodes: EpisodeReader
    ) -> None:
        self._links = links
        self._sign_offs = sign_offs
        self._facebanks = facebanks
        self._episodes = episodes

    async def read(self, ep_id: str, clusters: ClusterHistory, *, after: Place, limit: int) -> HistoryPage:
        """A part of the history, the latest first. Raises NotFound `unknown_episode`."""
        episode = await self._links.load(ep_id)
        edits = await clusters.page(ep_id, below=after.edits, limit=limit)
        logs = await self._logs(episode, edits.steps)
        below: dict[Source, int | None] = {"links": after.links, "sign_off": after.sign_offs, "clusters": after.edits}
        rest = {source: [one for one in log if _is_below(one, below[source])] for source, log in logs.items()}
        shown = tuple(islice(in_order(rest), limit))
        is_first = after == Place()
        whole = list(in_order(logs)) if is_first else []
        lowest = {
            source: min([s.version for s in shown if s.source == source], default=below[source]) for source in logs
        }
        more = sum(map(len, rest.values())) > len(shown) or not edits.is_last
        known = await self._known(ep_id)
        undo, redo = last_in_force(whole), last_taken_back(whole)
        return HistoryPage(
            version=_sum(_versions(episode, edits)),
            versions=_versions(episode, edits),
            steps=tuple(in_words(one, known) for one in shown),
            undo=None if undo is None else in_words(undo, known),
            redo=None if redo is None else in_words(redo, known),
            following=Place(edits=lowest["clusters"], links=lowest["links"], sign_offs=lowest["sign_off"])
            if more
            else None,
        )

    async def walk(self, ep_id: str, clusters: ClusterHistory, action: Walk, step: str | None, order: Order) -> Walked:
        """Take back (`undo`) or make again (`redo`) the last step, or the one that is named.

        The order's version is that of the whole history; the owner of the step is asked for the version that was read,
        so whoever changed that log meanwhile is not overwritten.

        Raises:
            NotFound: `unknown_episode`, `unknown_step`.
            Conflict: `nothing_to_undo`, `nothing_to_redo`, and whatever the step's owner refuses.
            StaleVersion.
        """
        episode = await self._links.load(ep_id)
        edits, steps = await self._until(ep_id, episode, clusters, action, step, order)
        versions = _versions(episode, edits)
        known = next((one for one in steps if one.command_id == order.command_id and one.action == action), None)
        if known is None and order.expected not in (None, _sum(versions)):
            raise StaleVersion(f"The history of {ep_id}", expected=order.expected or 0, actual=_sum(versions))
        chosen = known or _chosen(steps, action, step)
        own = replace(order, expected=None if known or order.expected is None else versions[chosen.source])
        version, revision = await self._carry_out(ep_id, clusters, action, chosen, own)
        versions = versions | {chosen.source: max(version, versions[chosen.source])}
        return Walked(
            step=in_words(chosen, await self._known(ep_id)).model_copy(update={"active": action == "redo"}),
            version=_sum(versions),
            versions=versions,
            revision=revision,
        )

    async def _carry_out(
        self, ep_id: str, clusters: ClusterHistory, action: Walk, chosen: HistoryStep, own: Order
    ) -> tuple[int, int | None]:
        """The version of the step's log afterwards, and the screen time with it."""
        name = chosen.step.partition(":")[2]
        if chosen.source == "clusters":
            edited = await clusters.walk(ep_id, action, name, own)
            return edited.version, edited.revision
        if chosen.source == "links":
            walk = self._links.undo if action == "undo" else self._links.redo
            outcome = await walk(ep_id, int(name), own)
            return outcome.version, outcome.revision
        signed = await self._sign_offs.walk(ep_id, action, int(name), own)
        return signed.sign_offs.version, signed.revision

    async def _until(
        self,
        ep_id: str,
        episode: EpisodeLinks,
        clusters: ClusterHistory,
        action: Walk,
        step: str | None,
        order: Order,
    ) -> tuple[EditsPage, list[HistoryStep]]:
        """As much of the log of edits as it takes to find the step, with the other logs, in order."""
        first = page = await clusters.page(ep_id, below=None, limit=PAGE)
        edits = list(page.steps)
        while True:
            steps = list(in_order(await self._logs(episode, edits)))
            is_found = named(steps, step) if step else last_in_force(steps) if action == "undo" else True
            is_known = any(one.command_id == order.command_id for one in steps)
            if is_found or is_known or page.is_last:
                return first, steps
            page = await clusters.page(ep_id, below=edits[-1].version, limit=PAGE)
            edits += page.steps

    async def _known(self, ep_id: str) -> Known:
        """What the episode's people are called, as it is reported now with the links that are decided."""
        episode = await self._episodes.episode(ep_id)
        people = episode.content.identities
        linked = {one.identity_id: episode.show.members.get(one.cast_id) for one in episode.links.effective.links}
        return Known(
            cast={key: name for key, name in linked.items() if name is not None},
            # A report calls who is in the cast by that name: only a stranger's label was given by an operator.
            labels={key: one.label for key, one in people.items() if one.label is not None and one.cast_id is None},
            tracks={track.track_id: track.start_s for track in episode.content.tracks},
        )

    async def _logs(self, episode: EpisodeLinks, edits: Sequence[HistoryStep]) -> dict[Source, Sequence[HistoryStep]]:
        names = await self._facebanks.members(episode.show)
        return {
            "clusters": edits,
            "links": link_steps(episode, names),
            "sign_off": sign_off_steps(episode.sign_offs),
        }


def _chosen(steps: Sequence[HistoryStep], action: Walk, step: str | None) -> HistoryStep:
    if step is not None:
        found = named(steps, step)
        if found is None:
            raise NotFound("unknown_step", f"The history has no {step}: read it again.")
        if found.active is (action == "undo"):
            return found
    else:
        found = last_in_force(steps) if action == "undo" else last_taken_back(steps)
        if found is not None:
            return found
    if action == "undo":
        raise Conflict("nothing_to_undo", "There is nothing in force that could be taken back.")
    raise Conflict("nothing_to_redo", "There is nothing taken back that could be made again.")


def _is_below(step: HistoryStep, version: int | None) -> bool:
    return version is None or step.version < version


def _versions(episode: EpisodeLinks, edits: EditsPage) -> dict[Source, int]:
    return {"clusters": edits.version, "links": episode.version, "sign_off": episode.sign_offs.version}


def _sum(versions: dict[Source, int]) -> int:
    return sum(versions.values())
