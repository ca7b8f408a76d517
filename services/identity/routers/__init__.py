"""The HTTP routers of the identity service: thin, over domain functions."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
