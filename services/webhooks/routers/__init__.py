"""The HTTP routers of the webhooks service."""

from fastapi import APIRouter

from services.webhooks.routers import webhooks

ROUTERS: tuple[APIRouter, ...] = (webhooks.router,)
