"""The HTTP routers of the ingest service: thin, over domain functions."""

from fastapi import APIRouter

from services.ingest.routers import audit, episodes, oidc, progress, runs, session, uploads, video

ROUTERS: tuple[APIRouter, ...] = (
    episodes.router,
    progress.router,
    runs.router,
    uploads.router,
    video.router,
    audit.router,
    session.router,
    oidc.router,
)
