"""What routers work with: each service hands its parts to the application, routers ask for them by class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from fastapi import FastAPI
from starlette.requests import HTTPConnection

P = TypeVar("P")


class Provide(Generic[P]):
    """A FastAPI dependency: `Annotated[EpisodeStore, Depends(Provide(EpisodeStore))]`."""

    def __init__(self, kind: type[P]) -> None:
        self._kind = kind

    def __call__(self, connection: HTTPConnection) -> P:
        part: P = connection.app.state.parts[self._kind]
        return part

    def __hash__(self) -> int:
        return hash(self._kind)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Provide) and other._kind is self._kind


def install(app: FastAPI, parts: Iterable[object]) -> None:
    """Give parts to the application; each class once."""
    if not hasattr(app.state, "parts"):
        app.state.parts = {}
    for part in parts:
        app.state.parts[type(part)] = part
