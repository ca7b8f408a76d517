"""The HTTP routers of the ingest service: thin, over domain functions."""

from fastapi import APIRouter

from services.ingest.routers import audit, episodes, oidc, playback, progress, runs, session, uploads, video

ROUTERS: tuple[APIRouter, ...] = (
    episodes.router,
    progress.router,
    runs.router,
    uploads.router,
    video.router,
    playback.router,
    audit.router,
    session.router,
    oidc.router,
)
