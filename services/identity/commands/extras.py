"""Background performers: people whom nobody will name, said so for many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chassis.commands import Order, fingerprint
from chassis.domain.intervals import total
from services.identity.commands.links import Decide, Decision, LinkCommands, Outcome, Stamp
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.history import Skipped
from services.identity.links.transitions import Action, LinkState, LinkTransition, mark_extra, restore_suggestion
from services.identity.queries.episodes import EpisodeReader, Identities

Step = Callable[[LinkState, str, Stamp], LinkTransition]


class ExtrasCommands:
    """Each is one change of the links: one entry of their history, one undo."""

    def __init__(self, links: LinkCommands, episodes: EpisodeReader) -> None:
        self._links = links
        self._episodes = episodes

    async def mark(self, ep_id: str, identity_ids: Sequence[str], order: Order) -> Outcome:
        """Say that identities are extras; locked ones and those linked by hand are left alone and named.

        Raises NotFound `unknown_identity` besides what links raise.
        """

        async def check() -> Decide:
            people = (await self._episodes.roster(ep_id)).people
            for one in identity_ids:
                people.identity(one)
            return _decide("extra", tuple(identity_ids), people, _not_markable, _mark)

        return await self._links.carry_out(
            ep_id, order, fingerprint("mark_extras", identity_ids=sorted(identity_ids)), check
        )

    async def restore(self, ep_id: str, identity_ids: Sequence[str], order: Order) -> Outcome:
        """Say that identities are no extras; raises as `mark`."""

        async def check() -> Decide:
            people = (await self._episodes.roster(ep_id)).people
            return _decide("restore", tuple(identity_ids), people, _no_extra, _restore)

        asked = fingerprint("restore_extras", identity_ids=sorted(identity_ids))
        return await self._links.carry_out(ep_id, order, asked, check)

    async def mark_rest(self, ep_id: str, below_s: float | None, order: Order) -> Outcome:
        """Say that everybody without a name is an extra, or those who are visible for less than `below_s` seconds."""

        async def check() -> Decide:
            episode = await self._episodes.episode(ep_id)
            content, named = episode.content, {link.identity_id for link in episode.links.effective.links}
            chosen = tuple(
                key
                for key, identity in content.identities.items()
                if key not in named
                and identity.label is None
                and (below_s is None or total(content.visible.get(key, ())) < below_s)
            )
            return _decide("extra", chosen, content, _not_markable, _mark)

        return await self._links.carry_out(ep_id, order, fingerprint("mark_rest", below_s=below_s), check)


def _decide(
    action: Action,
    identity_ids: Sequence[str],
    people: Identities,
    problem: Callable[[LinkState, str], Skipped | None],
    step: Step,
) -> Decide:
    def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
        state, steps, skipped = links.effective, list[LinkTransition](), list[Skipped]()
        for one in dict.fromkeys(identity_ids):
            found = _locked(one) if one in people.locked else problem(state, one)
            if found is not None:
                skipped.append(found)
                continue
            steps.append(step(state, one, stamp))
            state = steps[-1].state
        return Decision(action=action, transitions=steps, skipped=tuple(skipped))

    return decide


def _mark(state: LinkState, identity_id: str, stamp: Stamp) -> LinkTransition:
    return mark_extra(state, identity_id=identity_id, expected_version=state.version, **vars(stamp))


def _restore(state: LinkState, identity_id: str, stamp: Stamp) -> LinkTransition:
    return restore_suggestion(
        state, identity_id=identity_id, cast_id=None, expected_version=state.version, **vars(stamp)
    )


def _not_markable(state: LinkState, identity_id: str) -> Skipped | None:
    link = state.link_of(identity_id)
    if link is not None and link.by != "auto":
        return Skipped(identity_id=identity_id, code="decided", reason="It was linked by hand.")
    if identity_id in state.extras:
        return Skipped(identity_id=identity_id, code="extra", reason="It is an extra already.")
    return None


def _no_extra(state: LinkState, identity_id: str) -> Skipped | None:
    if identity_id in state.extras:
        return None
    return Skipped(identity_id=identity_id, code="no_extra", reason="It is no extra.")


def _locked(identity_id: str) -> Skipped:
    return Skipped(identity_id=identity_id, code="locked", reason="It is locked.")
