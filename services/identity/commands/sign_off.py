"""Signing a revision of the screen time off, and taking that back: one atomic, versioned write each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from chassis.commands import Order, accept, fingerprint, wait_for
from chassis.errors import Conflict
from contracts.events import ScreenTimeSigned
from contracts.sign_off import SignOff
from services.identity.links.episode_links import EpisodeLinks
from services.identity.queries.episodes import Episode, EpisodeReader, nothing_known
from services.identity.queries.review import ReviewQueries
from services.identity.signoff.log import SignOffRecord, SignOffs, Statement
from services.identity.signoff.statement import as_carried, digest_of
from services.identity.store.links import LinkStore
from services.identity.store.sign_offs import SignOffStore


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The sign-offs after a command, and the one that counts. `revision` carries it; None while it is not made."""

    sign_offs: SignOffs
    standing: SignOff | None
    revision: int | None = None


Decide = Callable[[EpisodeLinks], Awaitable[SignOffRecord]]


class SignOffCommands:
    """Every method raises NotFound `unknown_episode`, StaleVersion, and Conflict `command_id_used`, `sign_offs_busy`."""

    def __init__(self, links: LinkStore, store: SignOffStore, episodes: EpisodeReader, review: ReviewQueries) -> None:
        self._links = links
        self._store = store
        self._episodes = episodes
        self._review = review

    async def read(self, ep_id: str) -> Signed:
        """The sign-offs, with what the one that counts says of the revision that is shown now."""
        episode = await self._episodes.episode(ep_id)
        sign_offs, shown = episode.links.sign_offs, episode.revision.document.signed_off
        is_told = episode.links.reported_sign_offs >= sign_offs.version
        return Signed(
            sign_offs=sign_offs,
            standing=shown if is_told else _carried_by(sign_offs, episode),
            revision=episode.revision.number if is_told else None,
        )

    async def sign(self, ep_id: str, revision: int, run_id: str | None, order: Order) -> Signed:
        """Sign off the revision that is shown, which has to be the one that is named.

        Raises:
            Conflict: `revision_superseded`, `nothing_to_change` where the same times are signed off by them already.
        """

        async def decide(links: EpisodeLinks) -> SignOffRecord:
            episode = await self._episodes.episode(ep_id)
            shown = episode.revision
            if (shown.number, shown.grouped.run_id) != (revision, run_id or shown.grouped.run_id):
                raise Conflict(
                    "revision_superseded",
                    f"Revision {shown.number} of run {shown.grouped.run_id} is shown now: look at it and sign that one.",
                )
            statement = await self._statement(episode)
            standing = links.sign_offs.standing
            if standing is not None and standing.who == order.who and _says_the_same(standing, statement):
                raise Conflict("nothing_to_change", "You have signed off these times already.")
            return _record(links.sign_offs, order, asked, "sign", statement=statement)

        asked = fingerprint("sign_off", revision=revision, run_id=run_id)
        return await self._carry_out(ep_id, order, asked, decide)

    async def walk(self, ep_id: str, action: Literal["undo", "redo"], version: int | None, order: Order) -> Signed:
        """Take the latest sign-off back, or the one named; or make one again that was taken back.

        The one before it counts again, if there is one. Raises Conflict `nothing_to_undo`, `nothing_to_redo`.
        """

        async def decide(links: EpisodeLinks) -> SignOffRecord:
            target = links.sign_offs.chosen(action, version)
            return _record(links.sign_offs, order, asked, action, target=target)

        asked = fingerprint(f"{action}_sign_off", version=version)
        return await self._carry_out(ep_id, order, asked, decide)

    async def _statement(self, episode: Episode) -> Statement:
        queue = await self._review.queue(episode)
        return Statement(
            run_id=episode.revision.grouped.run_id,
            revision=episode.revision.number,
            seconds_sha256=digest_of(episode.revision.document),
            undecided_s=queue.undecided_s,
            total_s=queue.total_s,
            open_questions=len(queue.questions),
            at_stake_s=round(sum(question.worth_s for question in queue.questions), 3),
        )

    async def _carry_out(self, ep_id: str, order: Order, asked: str, decide: Decide) -> Signed:
        async def load() -> EpisodeLinks:
            found = await self._links.load(ep_id)
            if found is None:
                raise nothing_known(ep_id)
            return found

        async def attempt(links: EpisodeLinks) -> SignOffRecord | None:
            record = await decide(links)
            after = SignOffs(version=record.version, log=(*links.sign_offs.log, record))
            standing = _carried_by(after, await self._episodes.episode(ep_id))
            event = ScreenTimeSigned(
                ep_id=ep_id,
                run_id=links.run_id,
                version=record.version,
                action=record.action,
                who=record.who[:200],
                at=record.at,
                signed_off=standing,
            )
            return record if await self._store.store(ep_id, links.sign_offs, record, event) else None

        async def load_versioned() -> _Versioned:
            return _Versioned(await load())

        accepted = await accept(
            order,
            asked,
            what=f"The sign-offs of {ep_id}",
            load=load_versioned,
            known=lambda found: found.links.sign_offs.command(order.command_id),
            attempt=lambda found: attempt(found.links),
            busy="sign_offs_busy",
        )

        async def look() -> Signed | None:
            signed = await self.read(ep_id)
            return (
                signed if signed.revision is not None and signed.sign_offs.version >= accepted.answer.version else None
            )

        return await wait_for(look, order.wait_s) or await self.read(ep_id)


@dataclass(frozen=True)
class _Versioned:
    """The version that commands on sign-offs are meant for is theirs, not that of the links."""

    links: EpisodeLinks

    @property
    def version(self) -> int:
        return self.links.sign_offs.version


def _record(
    before: SignOffs,
    order: Order,
    asked: str,
    action: Literal["sign", "undo", "redo"],
    *,
    statement: Statement | None = None,
    target: int | None = None,
) -> SignOffRecord:
    return SignOffRecord(
        version=before.version + 1,
        command_id=order.command_id,
        fingerprint=asked,
        action=action,
        who=order.who,
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        note=order.why,
        statement=statement,
        target=target,
    )


def _says_the_same(record: SignOffRecord, statement: Statement) -> bool:
    return record.statement is not None and record.statement.seconds_sha256 == statement.seconds_sha256


def _carried_by(sign_offs: SignOffs, episode: Episode) -> SignOff | None:
    standing = sign_offs.standing
    return None if standing is None else as_carried(standing, episode.revision.document)
