"""The HTTP routers of the ingest service: thin, over domain functions."""

from fastapi import APIRouter

ROUTERS: tuple[APIRouter, ...] = ()
