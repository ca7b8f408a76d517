"""Commands that take suggestions up: one, or all that are sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.commands import Order, fingerprint
from chassis.domain.intervals import total
from chassis.errors import Conflict
from contracts.rows import CastLink
from services.identity.commands.links import (
    Decide,
    Decision,
    LinkCommands,
    Outcome,
    Stamp,
    check_member,
    check_unlocked,
)
from services.identity.links.conflicts import Clash, find_clashes
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.transitions import LinkTransition, link_identity_to_cast
from services.identity.queries.episodes import Episode, EpisodeReader
from services.identity.suggestions.apply_all import choose_suggestions
from services.identity.suggestions.autolink import ProposedLink
from services.identity.suggestions.identities import CastSuggestions
from services.identity.suggestions.review_queue import ReviewItem, review_queue


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What applying many suggestions did; the outcome has what it left alone and why."""

    outcome: Outcome
    links: tuple[CastLink, ...]


class SuggestionCommands:
    """Reads and takes up suggestions."""

    def __init__(self, link_commands: LinkCommands, episodes: EpisodeReader) -> None:
        self._link_commands = link_commands
        self._episodes = episodes

    async def apply(self, ep_id: str, identity_id: str, cast_id: str, order: Order) -> Outcome:
        """Link an identity as suggested. Raises Conflict `not_suggested` besides what links raise."""

        async def check() -> Decide:
            episode = await self._episodes.episode(ep_id)
            check_unlocked(episode.content, identity_id)
            check_member(episode.show, cast_id)
            suggestion = (await self._episodes.suggestions(episode))[identity_id]
            chosen = next((match for match in suggestion.matches if match.cast_id == cast_id), None)
            if chosen is None:
                raise Conflict(
                    "not_suggested",
                    f"{cast_id} is not suggested for {identity_id} (any more): link them by hand instead.",
                )
            best = suggestion.matches[0]
            margin = suggestion.margin if chosen is best else chosen.probability - best.probability

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                step = _applied(links, stamp, identity_id, cast_id, chosen.probability, margin)
                return Decision(action="link", transitions=(step,))

            return decide

        asked = fingerprint("apply_suggestion", identity_id=identity_id, cast_id=cast_id)
        return await self._link_commands.carry_out(ep_id, order, asked, check)

    async def apply_all(
        self, ep_id: str, min_probability: float | None, min_margin: float | None, order: Order
    ) -> Applied:
        """Link everybody whose suggestion is sure enough, as one version; None: as sure as automatic links are."""
        rules = self._episodes.rules.link
        demanded = rules.auto_probability if min_probability is None else min_probability
        ahead = rules.auto_margin if min_margin is None else min_margin

        async def check() -> Decide:
            episode = await self._episodes.episode(ep_id)
            suggestions = await self._episodes.suggestions(episode)

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                chosen, skipped = choose_suggestions(
                    [_undismissed(suggestion, links) for suggestion in suggestions.values()],
                    list(episode.content.evidence.values()),
                    state=links.effective,
                    locked=episode.content.locked,
                    min_probability=demanded,
                    min_margin=ahead,
                    rules=rules,
                )
                return Decision(action="link", transitions=_all_applied(links, stamp, chosen), skipped=skipped)

            return decide

        asked = fingerprint("apply_all_suggestions", min_probability=min_probability, min_margin=min_margin)
        outcome = await self._link_commands.carry_out(ep_id, order, asked, check)
        changes = outcome.command.changes if outcome.command else ()
        return Applied(outcome=outcome, links=tuple(change.after for change in changes if change.after is not None))

    async def review(self, episode: Episode) -> tuple[ReviewItem, ...]:
        """Whom to decide on first."""
        suggestions = await self._episodes.suggestions(episode)
        return review_queue(
            list(suggestions.values()),
            visible_s={identity: total(spans) for identity, spans in episode.content.visible.items()},
            state=episode.links.effective,
            locked=episode.content.locked,
        )

    def clashes(self, episode: Episode) -> tuple[Clash, ...]:
        """Cast members who are in two places at once."""
        cast_of = {link.identity_id: link.cast_id for link in episode.links.effective.links}
        return find_clashes(episode.content.members, cast_of, simultaneous_s=self._episodes.rules.link.simultaneous_s)


def _undismissed(suggestion: CastSuggestions, links: EpisodeLinks) -> CastSuggestions:
    """A suggestion that somebody dismissed a moment ago is none."""
    pairs = links.decided.dismissed_pairs
    best = suggestion.best
    gone = best is not None and (
        (suggestion.identity_id, best.cast_id) in pairs or (suggestion.identity_id, None) in pairs
    )
    return CastSuggestions(suggestion.identity_id, (), 0.0, "It was dismissed.") if gone else suggestion


def _all_applied(links: EpisodeLinks, stamp: Stamp, chosen: Sequence[ProposedLink]) -> list[LinkTransition]:
    steps: list[LinkTransition] = []
    for link in chosen:
        state = steps[-1].state if steps else links.effective
        steps.append(
            link_identity_to_cast(
                state,
                identity_id=link.identity_id,
                cast_id=link.cast_id,
                by="suggestion",
                expected_version=state.version,
                probability=link.probability,
                margin=link.margin,
                **vars(stamp),
            )
        )
    return steps


def _applied(
    links: EpisodeLinks, stamp: Stamp, identity_id: str, cast_id: str, probability: float, margin: float
) -> LinkTransition:
    return link_identity_to_cast(
        links.effective,
        identity_id=identity_id,
        cast_id=cast_id,
        by="suggestion",
        expected_version=links.version,
        probability=round(probability, 6),
        margin=round(margin, 6),
        **vars(stamp),
    )
