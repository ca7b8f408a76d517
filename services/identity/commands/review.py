"""Answers to questions that change nothing but the queue: right as it is, and later."""

from __future__ import annotations

from chassis.commands import Order, fingerprint
from chassis.errors import NotFound
from services.identity.commands.links import Decide, Decision, LinkCommands, Outcome, Stamp
from services.identity.links.episode_links import EpisodeLinks
from services.identity.links.transitions import LinkTransition, settle_question
from services.identity.queries.episodes import EpisodeReader
from services.identity.queries.review import ReviewQueries
from services.identity.review.extras import settles
from services.identity.review.questions import Question
from services.identity.review.queue import find_question
from services.identity.store.review import PutOffStore


class ReviewCommands:
    """Settles questions and puts them off."""

    def __init__(
        self, links: LinkCommands, episodes: EpisodeReader, review: ReviewQueries, put_off: PutOffStore
    ) -> None:
        self._links = links
        self._episodes = episodes
        self._review = review
        self._put_off = put_off

    async def settle(self, ep_id: str, question_id: str, order: Order) -> Outcome:
        """Say that all is right as it is, a change of the links like others.

        Raises NotFound `unknown_question` besides what links raise.
        """

        async def check() -> Decide:
            question = await self._question(ep_id, question_id)

            def decide(links: EpisodeLinks, stamp: Stamp) -> Decision:
                state, steps = links.effective, list[LinkTransition]()
                for identity_id, settled in settles(question):
                    step = settle_question(
                        state,
                        identity_id=identity_id,
                        question=settled,
                        expected_version=state.version,
                        **vars(stamp),
                    )
                    steps.append(step)
                    state = step.state
                return Decision(action="settle", transitions=steps)

            return decide

        return await self._links.carry_out(ep_id, order, fingerprint("settle", question=question_id), check)

    async def put_off(self, ep_id: str, question_id: str, *, later: bool) -> int:
        """Put a question at the end of the queue, or back; how many are there now. Raises NotFound `unknown_question`."""
        if later:
            await self._question(ep_id, question_id)
        return await self._put_off.put_off(ep_id, question_id, later=later)

    async def _question(self, ep_id: str, question_id: str) -> Question:
        queue = await self._review.queue(await self._episodes.episode(ep_id))
        found = find_question(queue.questions, question_id)
        if found is None:
            raise NotFound(
                "unknown_question", f"{ep_id} has no open question {question_id} (any more): read its queue again."
            )
        return found
