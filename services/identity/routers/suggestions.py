"""Whom an episode's identities may be: read, dismiss, take up."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Response

from chassis.http.auth import Viewer
from chassis.http.parts import Provide
from chassis.http.results import ApiResult, Page, ok
from chassis.http.routing import Router
from chassis.http.versions import tag
from contracts.ids import EpId, IdentityId
from services.identity.commands.links import LinkCommands
from services.identity.commands.suggestions import SuggestionCommands
from services.identity.links.conflicts import Clash
from services.identity.queries.episodes import EpisodeReader
from services.identity.routers.requests import Application, ApplyAll, Commanded, Pair, Participants
from services.identity.routers.responses import (
    ApplyOutcome,
    EpisodeSuggestions,
    LinksOutcome,
    ReviewEntry,
    SkippedSuggestion,
    Suggestions,
    TemporalMatch,
    outcome_of,
    review_of,
    suggestions_of,
    temporal_of,
)

router = Router(tags=["suggestions"])
Reader = Annotated[EpisodeReader, Depends(Provide(EpisodeReader))]
Links = Annotated[LinkCommands, Depends(Provide(LinkCommands))]
Suggesting = Annotated[SuggestionCommands, Depends(Provide(SuggestionCommands))]
Shown = Annotated[int, Query(ge=1, le=500, description="Entries shown.")]


@router.get("/suggestions/{ep_id}")
async def list_suggestions(
    ep_id: EpId, response: Response, reader: Reader, _principal: Viewer, participants: Participants = False
) -> ApiResult[EpisodeSuggestions]:
    """Whom every identity of an episode may be."""
    episode = await reader.episode(ep_id)
    found = await reader.suggestions(episode)
    tag(response, episode.links.version)
    return ok(
        EpisodeSuggestions(
            items=tuple(
                suggestions_of(episode, found[key])
                for key in sorted(found)
                if not participants or key in episode.content.participants
            ),
            links_version=episode.links.version,
            facebank_revision=episode.show.revision,
        )
    )


@router.get("/suggestions/{ep_id}/temporal")
async def list_temporal_suggestions(
    ep_id: EpId, reader: Reader, _principal: Viewer
) -> ApiResult[tuple[TemporalMatch, ...]]:
    """Who may be the people nobody recognises, by place and time."""
    episode = await reader.episode(ep_id)
    return ok(tuple(temporal_of(episode, found) for found in await reader.temporal(episode)))


@router.get("/suggestions/{ep_id}/review")
async def read_review_queue(
    ep_id: EpId, response: Response, reader: Reader, suggestions: Suggesting, _principal: Viewer, limit: Shown = 50
) -> ApiResult[Page[ReviewEntry]]:
    """Whom to decide on first: the most uncertain who are on screen longest."""
    episode = await reader.episode(ep_id)
    queue = await suggestions.review(episode)
    links = {link.identity_id: link for link in episode.links.effective.links}
    tag(response, episode.links.version)
    return ok(Page(items=tuple(review_of(episode, item, links) for item in queue[:limit]), total=len(queue)))


@router.get("/suggestions/{ep_id}/conflicts")
async def list_conflicts(
    ep_id: EpId, reader: Reader, suggestions: Suggesting, _principal: Viewer, limit: Shown = 200
) -> ApiResult[Page[Clash]]:
    """Cast members who are in two places at once."""
    found = suggestions.clashes(await reader.episode(ep_id))
    return ok(Page(items=found[:limit], total=len(found)))


@router.get("/suggestions/{ep_id}/{identity_id}")
async def read_suggestions(
    ep_id: EpId, identity_id: IdentityId, response: Response, reader: Reader, _principal: Viewer
) -> ApiResult[Suggestions]:
    """Whom one identity may be."""
    episode = await reader.episode(ep_id)
    episode.content.identity(identity_id)
    tag(response, episode.links.version)
    return ok(suggestions_of(episode, (await reader.suggestions(episode))[identity_id]))


@router.post("/suggestions/{ep_id}/dismiss")
async def dismiss_suggestion(body: Pair, links: Links, given: Commanded) -> ApiResult[LinksOutcome]:
    """Never suggest a pair again; an automatic link of it is taken away."""
    return given.answer(await links.dismiss(given.ep_id, body.identity_id, body.cast_id, given.order(body.why)))


@router.post("/suggestions/{ep_id}/restore")
async def restore_suggestion(body: Pair, links: Links, given: Commanded) -> ApiResult[LinksOutcome]:
    """Suggest a dismissed pair again."""
    return given.answer(await links.restore(given.ep_id, body.identity_id, body.cast_id, given.order(body.why)))


@router.post("/suggestions/{ep_id}/apply")
async def apply_suggestion(body: Application, suggestions: Suggesting, given: Commanded) -> ApiResult[LinksOutcome]:
    """Link an identity as suggested."""
    return given.answer(await suggestions.apply(given.ep_id, body.identity_id, body.cast_id, given.order(body.why)))


@router.post("/suggestions/{ep_id}/apply-all")
async def apply_all_suggestions(body: ApplyAll, suggestions: Suggesting, given: Commanded) -> ApiResult[ApplyOutcome]:
    """Link everybody whose suggestion is sure enough, as one change; locks and people's decisions stay."""
    applied = await suggestions.apply_all(given.ep_id, body.min_probability, body.min_margin, given.order(body.why))
    given.tag(applied.outcome)
    return ok(
        ApplyOutcome(
            **vars(outcome_of(applied.outcome)),
            applied=applied.links,
            skipped=tuple(SkippedSuggestion(**vars(entry)) for entry in applied.outcome.skipped),
        )
    )
