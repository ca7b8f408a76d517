"""The HTTP routers of the grouper service: thin, over domain functions."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
