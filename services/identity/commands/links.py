"""Commands on who an episode's identities are: one atomic, versioned, undoable write each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from chassis.commands import Order, accept, fingerprint, wait_for
from chassis.errors import NotFound
from contracts.events import LinksChanged
from contracts.ids import event_id
from services.identity.facebank.cast import Show
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import (
    LinkRecord,
    Skipped,
    TakenFace,
    as_one_version,
    choose_redo,
    choose_undo,
    replay,
)
from services.identity.links.transitions import (
    Action,
    LinkRefused,
    LinkTransition,
    dismiss_suggestion,
    link_identity_to_cast,
    restore_suggestion,
)
from services.identity.queries.episodes import EpisodeReader, Identities, nothing_known
from services.identity.store.links import LinkStore


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
    skipped: tuple[Skipped, ...] = ()
    references: tuple[TakenFace, ...] = ()
    new_member: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The version of the links after a command; `revision` is the reported one with it, None while it is not made.

    `command` is None where there was nothing to change.
    """

    version: int
    command: LinkRecord | None
    revision: int | None
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _NothingToChange:
    version: int
    skipped: tuple[Skipped, ...]
    fingerprint: str


Decide = Callable[[EpisodeLinks, Stamp], Decision]
Check = Callable[[], Awaitable[Decide]]
"""Checks a command against the episode, once, and returns how it decides. A command that is known is not checked."""


class LinkCommands:
    """Takes commands on links. Every method raises NotFound, StaleVersion, LinkRefused and Conflict `command_id_used`."""

    def __init__(self, links: LinkStore, episodes: EpisodeReader) -> None:
        self._links = links
        self._episodes = episodes

    async def load(self, ep_id: str) -> EpisodeLinks:
        """The links of an episode with their history."""
        found = await self._links.load(ep_id, history=True)
        if found is None:
            raise nothing_known(ep_id)
        return found

    async def resting(self, links: EpisodeLinks) -> tuple[str, ...]:
        """Identities with a link or a dismissal that are not there as the episode is reported now."""
        people = (await self._episodes.roster(links.ep_id)).people.identities
        state = links.effective
        ids = {link.identity_id for link in state.links} | {entry.identity_id for entry in state.dismissed}
        return tuple(sorted(ids - people.keys()))

    async def link(self, ep_id: str, identity_id: str, cast_id: str, order: Order) -> Outcome:
        """Say that an identity is a cast member."""

        async def check() -> Decide:
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

            return decide

        asked = fingerprint("link", identity_id=identity_id, cast_id=cast_id)
        return await self.carry_out(ep_id, order, asked, check)

    async def unlink(self, ep_id: str, identity_ids: Sequence[str], order: Order) -> Outcome:
        """Say that identities are not whom they are linked to; that is not suggested again."""

        async def check() -> Decide:
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

            return decide

        asked = fingerprint("unlink", identity_ids=sorted(identity_ids))
        return await self.carry_out(ep_id, order, asked, check)

    async def dismiss(self, ep_id: str, identity_id: str, cast_id: str | None, order: Order) -> Outcome:
        """Never suggest a pair again; `cast_id` None: nobody for this identity."""
        return await self._judge(ep_id, identity_id, cast_id, order, "dismiss")

    async def restore(self, ep_id: str, identity_id: str, cast_id: str | None, order: Order) -> Outcome:
        """Suggest a dismissed pair again."""
        return await self._judge(ep_id, identity_id, cast_id, order, "restore")

    async def _judge(self, ep_id: str, identity_id: str, cast_id: str | None, order: Order, action: Action) -> Outcome:
        change = dismiss_suggestion if action == "dismiss" else restore_suggestion

        async def check() -> Decide:
            check_unlocked((await self._episodes.roster(ep_id)).people, identity_id)

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                step = change(
                    links.effective,
                    identity_id=identity_id,
                    cast_id=cast_id,
                    expected_version=links.version,
                    **vars(stamp),
                )
                return Decision(action=action, transitions=(step,))

            return decide

        asked = fingerprint(action, identity_id=identity_id, cast_id=cast_id)
        return await self.carry_out(ep_id, order, asked, check)

    async def undo(self, ep_id: str, version: int | None, order: Order) -> Outcome:
        """Take back the latest command in force, or the one that made a version."""
        return await self._walk(ep_id, version, order, "undo")

    async def redo(self, ep_id: str, version: int | None, order: Order) -> Outcome:
        """Make the latest command that was taken back again, or the one that made a version."""
        return await self._walk(ep_id, version, order, "redo")

    async def _walk(self, ep_id: str, version: int | None, order: Order, action: Action) -> Outcome:
        choose = choose_undo if action == "undo" else choose_redo

        async def check() -> Decide:
            locked = (await self._episodes.roster(ep_id)).people.locked

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                command = choose(links.commands, version)
                for change in command.changes:
                    if change.identity_id in locked:
                        raise _locked(change.identity_id)
                steps = replay(links.decided, command, action=action, **vars(stamp))
                return Decision(action=action, transitions=steps, target=command.version)

            return decide

        return await self.carry_out(ep_id, order, fingerprint(action, version=version), check)

    async def carry_out(self, ep_id: str, order: Order, asked: str, check: Check) -> Outcome:
        """Decide on the links there are and store the decision with its event; `asked` is the command's fingerprint."""
        decide: Decide | None = None

        async def attempt(links: EpisodeLinks) -> LinkRecord | _NothingToChange | None:
            nonlocal decide
            decide = decide or await check()
            at = datetime.now(UTC).isoformat(timespec="milliseconds")
            stamp = Stamp(who=order.who, at=at, event_id=_event_id_of_next(links))
            decision = decide(links, stamp)
            if not decision.transitions:
                return _NothingToChange(version=links.version, skipped=decision.skipped, fingerprint=asked)
            return await self._store(links, decision, stamp, order, asked)

        accepted = await accept(
            order,
            asked,
            what=f"The links of {ep_id}",
            load=lambda: self.load(ep_id),
            known=lambda links: links.command(order.command_id),
            attempt=attempt,
            busy="links_busy",
        )
        made = accepted.answer
        wait_s = order.wait_s if isinstance(made, LinkRecord) else 0.0
        reported = None
        if wait_s or not accepted.is_new or not isinstance(made, LinkRecord):  # a new one cannot be reported yet
            reported = await self._revision(ep_id, made.version, wait_s)
        return Outcome(
            version=made.version,
            command=made if isinstance(made, LinkRecord) else None,
            revision=reported,
            skipped=made.skipped,
        )

    async def _store(
        self, links: EpisodeLinks, decision: Decision, stamp: Stamp, order: Order, asked: str
    ) -> LinkRecord | None:
        state, changes = as_one_version(links.decided, decision.transitions)
        command = LinkRecord(
            version=state.version,
            command_id=order.command_id,
            action=decision.action,
            who=stamp.who,
            at=stamp.at,
            why=order.why,
            changes=changes,
            target=decision.target,
            fingerprint=asked,
            skipped=decision.skipped,
            references=decision.references,
            new_member=decision.new_member,
        )
        several = tuple(dict.fromkeys(change.identity_id for change in changes))
        event = LinksChanged(
            ep_id=links.ep_id,
            run_id=links.run_id,
            version=state.version,
            action=_told(decision.action),
            identity_id=changes[0].identity_id,
            cast_id=changes[0].cast_id,
            who=stamp.who[:200],
            at=stamp.at,
            identities=several if len(several) > 1 else (),
        )
        return command if await self._links.store(links, state, command, event) else None

    async def _revision(self, ep_id: str, version: int, wait_s: float) -> int | None:
        """The reported revision that has a version of the links."""

        async def look() -> int | None:
            links = await self._links.load(ep_id)
            return links.revision if links is not None and links.reported_version >= version else None

        return await wait_for(look, wait_s)


def _told(action: Action) -> Literal["link", "unlink", "dismiss", "restore", "undo", "redo"]:
    """What subscribers are told: an extra and a settled question are dismissals of what else would be asked."""
    if action == "references":
        return "link"  # who it is was said again
    return "dismiss" if action == "extra" or action == "settle" else action


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


def _event_id_of_next(links: EpisodeLinks) -> str:
    """Id of the event that the next version's command will have."""
    return event_id(links.run_id, LinksChanged.TYPE, links.ep_id, links.version + 1)
