"""The HTTP routers of the identity service: thin, over domain functions."""

from fastapi import APIRouter

from services.identity.routers import (
    changes,
    extras,
    face_references,
    history,
    identities,
    links,
    media,
    people,
    pictures,
    privacy,
    review,
    screen_time,
    screen_time_exports,
    search,
    shows,
    sign_off,
    suggestions,
    timeline,
)

ROUTERS: tuple[APIRouter, ...] = (
    shows.router,
    pictures.router,
    privacy.router,
    identities.router,
    suggestions.router,
    links.router,
    face_references.router,
    extras.router,
    people.router,
    sign_off.router,
    search.router,  # its paths begin as those of an episode called `shows` would
    screen_time.router,
    screen_time_exports.router,
    media.router,
    timeline.router,
    review.router,
    history.router,
    changes.router,
)
