"""The HTTP routers of the grouper service: thin, over domain functions."""

from fastapi import APIRouter

from services.grouper.routers import cluster_commands, clusters, edits

ROUTERS: tuple[APIRouter, ...] = (clusters.router, cluster_commands.router, edits.router)
