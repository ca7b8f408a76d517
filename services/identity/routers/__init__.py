"""The HTTP routers of the identity service: thin, over domain functions."""

from fastapi import APIRouter

from services.identity.routers import media, screen_time, screen_time_exports

ROUTERS: tuple[APIRouter, ...] = (screen_time.router, screen_time_exports.router, media.router)
