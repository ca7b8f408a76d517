"""Events in, domain calls, events out."""

from __future__ import annotations

from chassis.bus import Origin
from contracts.events import (
    CastChanged,
    EpisodeDeleted,
    EpisodeGrouped,
    EpisodeProgress,
    Event,
    LinksChanged,
)
from services.identity.link_store import LinkStore
from services.identity.people_store import PeopleStore
from services.identity.reporter import Reporter
from services.identity.revisions import RevisionStore


class IdentityHandlers:
    """What identity does when an episode was grouped, or people said who somebody is."""

    def __init__(self, reporter: Reporter, links: LinkStore, revisions: RevisionStore, people: PeopleStore) -> None:
        self._reporter = reporter
        self._links = links
        self._revisions = revisions
        self._people = people

    async def episode_grouped(self, event: EpisodeGrouped, origin: Origin) -> list[Event]:
        """Name the people, compute their screen time, write the manifests and tell subscribers."""
        said = await self._reporter.report(event.ep_id, event.run_id, cause=origin.event_id, grouped=event)
        return [*said, progress_of(event)]

    async def links_changed(self, event: LinksChanged, origin: Origin) -> list[Event]:
        """Report the screen time that people see with the links as they are now, though a later run be under way."""
        episode = await self._links.load(event.ep_id)
        run_id = max(event.run_id, episode.run_id if episode else "")
        return await self._reporter.report(event.ep_id, run_id, cause=origin.event_id)

    async def cast_changed(self, event: CastChanged, origin: Origin) -> list[Event]:
        """Report again every episode of the show that names the member."""
        if event.action not in {"renamed", "removed"}:
            return []
        said: list[Event] = []
        for episode in await self._links.of_show(event.show):
            if event.cast_id in episode.named:
                said += await self._reporter.report(episode.ep_id, episode.run_id, cause=origin.event_id)
        return said

    async def episode_deleted(self, event: EpisodeDeleted, _origin: Origin) -> None:
        """Forget the episode's people, links and screen time."""
        await self._revisions.forget(event.ep_id, event.last_run_id)
        await self._people.forget(event.ep_id, event.last_run_id)


def progress_of(event: EpisodeGrouped) -> EpisodeProgress:
    """Says that this stage is done with a grouping."""
    return EpisodeProgress(
        ep_id=event.ep_id, run_id=event.run_id, stage="identity", done=1, total=1, media_s=event.duration_s
    )
