"""What is kept only for a time: replaced revisions, the faces of people nobody has named, the audit log.

Each is off until somebody sets a number of days. Revisions and audit entries are removed here; the faces of strangers by
an erasure of their episodes, which the identity service carries out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ulid import ULID

from chassis.http.audit_log import AuditLog
from chassis.s3.artifact_reader import ArtifactReader
from chassis.s3.storage import ObjectMissing
from chassis.settings import RetentionSettings
from contracts.rows import IdentitiesDocument
from services.identity.commands.purge import RevisionPurge
from services.identity.store.erasures import ErasureStore
from services.identity.store.links import LinkStore
from services.identity.store.revisions import RevisionStore

WHO = "retention"


@dataclass(frozen=True, kw_only=True)
class Retained:
    """What a run of the retention removed, or would remove; `strangers` are episodes."""

    revisions: int = 0
    objects: int = 0
    strangers: int = 0
    audit_entries: int = 0


class Retention:
    """Carries the settings out; running it twice changes nothing."""

    def __init__(
        self,
        settings: RetentionSettings,
        *,
        links: LinkStore,
        revisions: RevisionStore,
        erasures: ErasureStore,
        purge: RevisionPurge,
        reader: ArtifactReader,
        audit: AuditLog,
    ) -> None:
        self._settings = settings
        self._links = links
        self._revisions = revisions
        self._erasures = erasures
        self._purge = purge
        self._reader = reader
        self._audit = audit

    async def run(self, now: datetime, *, is_trial: bool = False) -> Retained:
        """Remove what is over its time; with `is_trial` only count it."""
        revisions = objects = strangers = 0
        for show in sorted(await self._links.shows()):
            due: list[str] = []
            for ep_id in await self._links.episodes_of(show):
                gone, files = await self._revisions_of(ep_id, now, is_trial=is_trial)
                revisions, objects = revisions + gone, objects + files
                if await self._has_old_strangers(ep_id, now):
                    due.append(ep_id)
            strangers += len(due)
            if due and not is_trial:
                await self._erase_strangers(show, due)
        return Retained(
            revisions=revisions,
            objects=objects,
            strangers=strangers,
            audit_entries=await self._audit_entries(now, is_trial=is_trial),
        )

    async def _revisions_of(self, ep_id: str, now: datetime, *, is_trial: bool) -> tuple[int, int]:
        before = _cutoff(now, self._settings.revisions_days)
        if before is None:
            return 0, 0
        if is_trial:
            return await self._purge.count(ep_id, made_before=before), 0
        purged = await self._purge.purge(ep_id, made_before=before)
        return purged.revisions, purged.objects

    async def _has_old_strangers(self, ep_id: str, now: datetime) -> bool:
        """Whether the episode's run is over its time and still has faces of somebody without a name."""
        before = _cutoff(now, self._settings.strangers_days)
        episode = await self._links.load(ep_id) if before is not None else None
        if before is None or episode is None or ULID.from_str(episode.run_id).datetime >= before:
            return False
        revision = await self._revisions.get(episode.run_id, episode.revision)
        if revision is None:
            return False
        try:
            people = await self._reader.document(revision.reported.manifests["identities.json"], IdentitiesDocument)
        except ObjectMissing:
            return False
        return any(one.cast_id is None and one.faces > 0 for one in people.identities)

    async def _erase_strangers(self, show: str, episodes: list[str]) -> None:
        """One erasure a show; one that is under way is not asked for again."""
        under_way = {
            ep_id
            for erasure in await self._erasures.of_show(show)
            if erasure.kind == "strangers" and erasure.finished_at is None
            for ep_id in erasure.episodes
        }
        left = [ep_id for ep_id in episodes if ep_id not in under_way]
        if left:
            await self._erasures.add(show=show, kind="strangers", who=WHO, episodes=left)

    async def _audit_entries(self, now: datetime, *, is_trial: bool) -> int:
        before = _cutoff(now, self._settings.audit_days)
        if before is None:
            return 0
        return await self._audit.count_before(before) if is_trial else await self._audit.expire(before)


def _cutoff(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now.astimezone(UTC) - timedelta(days=days)
