"""Erasing a person: a tombstone at once, everything that is kept of them soon after, and once more for late writers.

The invariant: **a person whose erasure was accepted is in no answer of the facebank from then on**, and the erasure goes
on, episode by episode, until nothing names them; whoever dies in between, another replica takes it up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from chassis import telemetry
from chassis.errors import NotFound
from chassis.http.audit_log import AuditLog
from chassis.mongo.outbox import Outbox
from chassis.retrying import CALM_S, keep_doing
from chassis.s3.names import parse_uri
from chassis.s3.storage import Storage
from contracts.events import PersonErased
from services.identity.commands.episode_erasure import EpisodeErasures
from services.identity.privacy.receipt import EpisodeErasure, ErasureReceipt, kafka_holdings
from services.identity.settings import ErasureSettings
from services.identity.store.erasures import EpisodeProgress, Erasure, ErasureStore
from services.identity.store.facebanks import FacebankStore
from services.identity.store.links import LinkStore

PASSES = 2


class Erasures:
    """Takes requests for erasure and carries them out; several replicas may."""

    def __init__(
        self,
        store: ErasureStore,
        *,
        facebanks: FacebankStore,
        links: LinkStore,
        episodes: EpisodeErasures,
        audit: AuditLog,
        storage: Storage,
        outbox: Outbox,
        settings: ErasureSettings,
    ) -> None:
        self._store = store
        self._facebanks = facebanks
        self._links = links
        self._episodes = episodes
        self._audit = audit
        self._storage = storage
        self._outbox = outbox
        self._settings = settings

    async def erase(self, show: str, cast_id: str, *, names: Sequence[str], who: str) -> ErasureReceipt:
        """Begin to erase a person; asked again, the same erasure. `names` are others they are called by.

        Raises:
            NotFound: `unknown_cast_member`, where the cast has nobody of that id and no name is given either.
        """
        under_way = await self._store.under_way(show, cast_id)
        if under_way is not None:
            return receipt_of(under_way)
        bank = await self._facebanks.show(show)
        name = bank.members.get(cast_id) if bank else None
        earlier = bank.erased.erasure_of(cast_id) if bank else None
        if name is None and not names:
            if earlier is not None:
                return receipt_of(await self._store.find(show, earlier))
            raise NotFound(
                "unknown_cast_member",
                f"{show} has no cast member {cast_id}: send names too if they were removed from the cast before.",
            )
        texts = tuple(dict.fromkeys([name, *names] if name else names))
        erasure = await self._store.add(show=show, kind="person", who=who, cast_id=cast_id, names=texts)
        await self._close(erasure)
        return receipt_of(erasure)

    async def receipt(self, show: str, erasure_id: str) -> ErasureReceipt:
        """Raises NotFound `unknown_erasure`."""
        return receipt_of(await self._store.find(show, erasure_id))

    async def receipts(self, show: str) -> list[ErasureReceipt]:
        """All of a show, the latest first."""
        return [receipt_of(erasure) for erasure in await self._store.of_show(show)]

    async def run(self) -> None:
        await keep_doing(self.sweep, every_s=self._settings.every_s, what="erasure sweep", calm_s=CALM_S)

    async def sweep(self) -> int:
        """Go on with every erasure that is due; returns how many."""
        worked = 0
        while (erasure := await self._store.claim_due()) is not None:
            await self._work(erasure)
            worked += 1
        return worked

    async def _work(self, erasure: Erasure) -> None:
        if erasure.cast_id is not None:
            await self._close(erasure)
            await self._forget_in_cast(erasure, erasure.cast_id)
        known = dict(erasure.episodes)
        if erasure.kind == "person":
            for ep_id in await self._links.episodes_of(erasure.show):
                known.setdefault(ep_id, EpisodeProgress())
        is_pending = False
        for ep_id, progress in sorted(known.items()):
            if progress.passes > erasure.passes:
                continue
            found = await self._episodes.find(erasure, ep_id, progress)
            await self._store.note_episode(erasure.erasure_id, ep_id, found)
            step = await self._episodes.forget(erasure, ep_id, found)
            after = step.progress
            if step.is_done and after.passes <= erasure.passes:
                after = EpisodeProgress(passes=erasure.passes + 1, found=after.found)
            await self._store.note_episode(erasure.erasure_id, ep_id, after, step.removed)
            is_pending = is_pending or not step.is_done
        await self._go_on(erasure, is_pending=is_pending)

    async def _go_on(self, erasure: Erasure, *, is_pending: bool) -> None:
        now, settings = datetime.now(UTC), self._settings
        if is_pending:
            await self._store.note(erasure.erasure_id, {"due_at": now + timedelta(seconds=settings.again_s)})
        elif erasure.passes + 1 < PASSES:
            due_at = now + timedelta(seconds=settings.second_pass_s)
            await self._store.note(erasure.erasure_id, {"passes": erasure.passes + 1, "due_at": due_at})
        else:
            done = await self._store.find(erasure.show, erasure.erasure_id)
            await self._store.finish(done, self._event(done, is_done=True) if done.kind == "person" else None)
            await self._outbox.publish_soon(self._store.collection, erasure.erasure_id)
            telemetry.logger().info("erasure done", erasure_id=erasure.erasure_id, show=erasure.show)

    async def _close(self, erasure: Erasure) -> None:
        """The tombstone: nobody of this id is or comes into the cast."""
        assert erasure.cast_id is not None  # noqa: S101 - asked before
        await self._facebanks.erase(
            erasure.show, erasure.cast_id, erasure.erasure_id, self._event(erasure, is_done=False)
        )

    async def _forget_in_cast(self, erasure: Erasure, cast_id: str) -> None:
        """Pictures, vectors and verdicts; files first, while there is something that names them."""
        show, removed = erasure.show, Counter[str]()
        pictures = await self._facebanks.pictures(show, cast_id)
        places = [parse_uri(picture.ref.uri) for picture in pictures if picture.ref is not None]
        keys = {key for bucket, key in places if bucket == self._storage.bucket}
        keys |= {key async for key in self._storage.list_keys(f"raw/facebank/{show}/{cast_id}/")}
        removed["picture_files"] = await self._storage.delete_keys(sorted(keys))
        removed["reference_pictures"] = len(await self._facebanks.drop(show, cast_id))
        removed["facebank_answers"] = await self._facebanks.forget_verdicts(show, cast_id, erasure.texts)
        removed["audit_entries"] = await self._audit.forget_cast_member(show, cast_id)
        elsewhere = sum(bucket != self._storage.bucket for bucket, _ in places)
        fields = {"elsewhere": erasure.elsewhere + elsewhere} if elsewhere else {}
        await self._store.note(erasure.erasure_id, fields, removed)

    def _event(self, erasure: Erasure, *, is_done: bool) -> PersonErased:
        return PersonErased(
            show=erasure.show,
            erasure_id=erasure.erasure_id,
            action="completed" if is_done else "requested",
            cast_id=None if is_done else erasure.cast_id,
            who=erasure.asked_by[:200],
            at=(datetime.now(UTC) if is_done else erasure.asked_at).isoformat(timespec="seconds"),
        )


def receipt_of(erasure: Erasure) -> ErasureReceipt:
    """What people get to see of an erasure."""
    episodes = tuple(
        EpisodeErasure(ep_id=ep_id, done=erasure.finished_at is not None or progress.passes > 0, tracks=progress.found)
        for ep_id, progress in sorted(erasure.episodes.items())
    )
    done = sum(episode.done for episode in episodes)
    return ErasureReceipt(
        erasure_id=erasure.erasure_id,
        show=erasure.show,
        kind=erasure.kind,
        state="pending" if erasure.finished_at is None else "done",
        asked_at=erasure.asked_at,
        asked_by=erasure.asked_by,
        finished_at=erasure.finished_at,
        episodes_done=done,
        episodes_pending=len(episodes) - done,
        episodes=tuple(episode for episode in episodes if episode.tracks or not episode.done),
        removed=dict(sorted(erasure.removed.items())),
        elsewhere=erasure.elsewhere,
        kafka=kafka_holdings(erasure.finished_at or datetime.now(UTC)) if erasure.kind == "person" else (),
    )
