"""Commands on who an episode's identities are: one atomic, versioned, undoable write each."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.errors import Conflict, NotFound, StaleVersion
from contracts.events import LinksChanged
from services.identity.facebank.cast import Show
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import LinkCommand, as_one_version, choose_redo, choose_undo, replay
from services.identity.links.transitions import (
    Action,
    LinkRefused,
    LinkTransition,
    dismiss_suggestion,
    link_identity_to_cast,
    restore_suggestion,
)
from services.identity.queries.episodes import EpisodeReader, Identities
from services.identity.store.links import LinkStore

MOST_TRIES = 200
"""Times a command for whichever version is tried again because another one was faster."""

POLL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who commands what for which version; `expected` None: whichever there is."""

    who: str
    command_id: str
    expected: int | None = None
    why: str | None = None
    wait_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What every transition of one command carries."""

    who: str
    at: str
    event_id: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a command does to the links there are; without transitions it changes nothing."""

    action: Action
    transitions: Sequence[LinkTransition]
    target: int | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The version of the links after a command; `revision` is the reported one with it, None while it is not made.

    `command` is None where there was nothing to change.
    """

    version: int
    command: LinkCommand | None
    revision: int | None


Decide = Callable[[EpisodeLinks, Stamp], Decision]


class LinkCommands:
    """Takes commands on links. Every method raises NotFound, StaleVersion and LinkRefused."""

    def __init__(self, links: LinkStore, episodes: EpisodeReader) -> None:
        self._links = links
        self._episodes = episodes

    async def load(self, ep_id: str) -> EpisodeLinks:
        """The links of an episode with their history."""
        found = await self._links.load(ep_id, history=True)
        if found is None:
            raise NotFound(
                "unknown_episode", f"Nothing is known of the people of {ep_id} yet: wait for its first report."
            )
        return found

    async def resting(self, links: EpisodeLinks) -> tuple[str, ...]:
        """Identities with a link or a dismissal that are not there as the episode is reported now."""
        people = (await self._episodes.roster(links.ep_id)).people.identities
        state = links.effective
        ids = {link.identity_id for link in state.links} | {entry.identity_id for entry in state.dismissed}
        return tuple(sorted(ids - people.keys()))

    async def link(self, ep_id: str, identity_id: str, cast_id: str, order: Order) -> Outcome:
        """Say that an identity is a cast member."""
        roster = await self._episodes.roster(ep_id)
        identity = roster.people.identity(identity_id)
        check_member(roster.show, cast_id)

        def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
            now = links.decided.link_of(identity_id)
            if now is not None and now.cast_id == cast_id:
                return Decision(action="link", transitions=())
            step = link_identity_to_cast(
                links.effective,
                identity_id=identity_id,
                cast_id=cast_id,
                by="operator",
                expected_version=links.version,
                locked=identity.locked,
                **vars(stamp),
            )
            return Decision(action="link", transitions=(step,))

        return await self.carry_out(ep_id, order, decide)

    async def unlink(self, ep_id: str, identity_ids: Sequence[str], order: Order) -> Outcome:
        """Say that identities are not whom they are linked to; that is not suggested again."""
        locked = (await self._episodes.roster(ep_id)).people.locked

        def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
            state, steps = links.effective, []
            for identity_id in identity_ids:
                step = link_identity_to_cast(
                    state,
                    identity_id=identity_id,
                    cast_id=None,
                    by="operator",
                    expected_version=state.version,
                    locked=identity_id in locked,
                    **vars(stamp),
                )
                steps.append(step)
                state = step.state
            return Decision(action="unlink", transitions=steps)

        return await self.carry_out(ep_id, order, decide)

    async def dismiss(self, ep_id: str, identity_id: str, cast_id: str | None, order: Order) -> Outcome:
        """Never suggest a pair again; `cast_id` None: nobody for this identity."""
        check_unlocked((await self._episodes.roster(ep_id)).people, identity_id)

        def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
            step = dismiss_suggestion(
                links.effective,
                identity_id=identity_id,
                cast_id=cast_id,
                expected_version=links.version,
                **vars(stamp),
            )
            return Decision(action="dismiss", transitions=(step,))

        return await self.carry_out(ep_id, order, decide)

    async def restore(self, ep_id: str, identity_id: str, cast_id: str | None, order: Order) -> Outcome:
        """Suggest a dismissed pair again."""
        check_unlocked((await self._episodes.roster(ep_id)).people, identity_id)

        def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
            step = restore_suggestion(
                links.effective,
                identity_id=identity_id,
                cast_id=cast_id,
                expected_version=links.version,
                **vars(stamp),
            )
            return Decision(action="restore", transitions=(step,))

        return await self.carry_out(ep_id, order, decide)

    async def undo(self, ep_id: str, version: int | None, order: Order) -> Outcome:
        """Take back the latest command in force, or the one that made a version."""
        return await self._walk(ep_id, version, order, "undo")

    async def redo(self, ep_id: str, version: int | None, order: Order) -> Outcome:
        """Make the latest command that was taken back again, or the one that made a version."""
        return await self._walk(ep_id, version, order, "redo")

    async def _walk(self, ep_id: str, version: int | None, order: Order, action: Action) -> Outcome:
        locked = (await self._episodes.roster(ep_id)).people.locked
        choose = choose_undo if action == "undo" else choose_redo

        def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
            command = choose(links.commands, version)
            for change in command.changes:
                if change.identity_id in locked:
                    raise _locked(change.identity_id)
            steps = replay(links.decided, command, action=action, **vars(stamp))
            return Decision(action=action, transitions=steps, target=command.version)

        return await self.carry_out(ep_id, order, decide)

    async def carry_out(self, ep_id: str, order: Order, decide: Decide) -> Outcome:
        """Decide on the links there are and store the decision with its event; decide again where another was faster."""
        for _ in range(MOST_TRIES):
            links = await self.load(ep_id)
            known = links.command(order.command_id)
            if known is not None:
                return await self._outcome(ep_id, known.version, known, order.wait_s)
            if order.expected is not None and order.expected != links.version:
                raise StaleVersion("The links", expected=order.expected, actual=links.version)
            stamp = Stamp(
                who=order.who, at=datetime.now(UTC).isoformat(timespec="milliseconds"), event_id=_event_id(links)
            )
            decision = decide(links, stamp)
            if not decision.transitions:
                return await self._outcome(ep_id, links.version, None, 0.0)
            if (command := await self._store(links, decision, stamp, order)) is not None:
                if not order.wait_s:  # nobody can have reported it yet
                    return Outcome(version=command.version, command=command, revision=None)
                return await self._outcome(ep_id, command.version, command, order.wait_s)
            await asyncio.sleep(random.uniform(0, 0.02))
        raise Conflict("links_busy", f"The links of {ep_id} are being changed by many at once: try again.")

    async def _store(self, links: EpisodeLinks, decision: Decision, stamp: Stamp, order: Order) -> LinkCommand | None:
        state, changes = as_one_version(links.decided, decision.transitions)
        command = LinkCommand(
            version=state.version,
            command_id=order.command_id,
            action=decision.action,
            who=stamp.who,
            at=stamp.at,
            why=order.why,
            changes=changes,
            target=decision.target,
        )
        several = tuple(dict.fromkeys(change.identity_id for change in changes))
        event = LinksChanged(
            ep_id=links.ep_id,
            run_id=links.run_id,
            version=state.version,
            action=decision.action,
            identity_id=changes[0].identity_id,
            cast_id=changes[0].cast_id,
            who=stamp.who[:200],
            at=stamp.at,
            identities=several if len(several) > 1 else (),
        )
        return command if await self._links.store(links, state, command, event) else None

    async def _outcome(self, ep_id: str, version: int, command: LinkCommand | None, wait_s: float) -> Outcome:
        deadline = time.monotonic() + wait_s
        while True:
            links = await self._links.load(ep_id)
            revision = links.revision if links is not None and links.reported_version >= version else None
            if revision is not None or time.monotonic() >= deadline:
                return Outcome(version=version, command=command, revision=revision)
            await asyncio.sleep(POLL_S)


def check_member(show: Show, cast_id: str) -> None:
    """Raises NotFound `unknown_cast_member`."""
    if cast_id not in show.members:
        raise NotFound("unknown_cast_member", f"{show.show} has no cast member {cast_id}: add them to the cast first.")


def check_unlocked(people: Identities, identity_id: str) -> None:
    """Raises NotFound `unknown_identity` and LinkRefused `identity_locked`."""
    if people.identity(identity_id).locked:
        raise _locked(identity_id)


def _locked(identity_id: str) -> LinkRefused:
    return LinkRefused("identity_locked", f"{identity_id} is locked: unlock it before changing who it is.")


def _event_id(links: EpisodeLinks) -> str:
    """Id of the event that the next version's command will have; it depends on the version alone."""
    return LinksChanged(
        ep_id=links.ep_id,
        run_id=links.run_id,
        version=links.version + 1,
        action="link",
        identity_id="identity-00000",
        cast_id=None,
        who="",
        at="",
    ).event_id
