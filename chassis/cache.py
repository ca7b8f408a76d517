"""Remembering what was read or computed from things that never change. Nobody may change what is remembered."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar, cast

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


class Latest(Generic[K, V]):
    """The `size` values that were stored or asked for last, by key."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value of a key, if it is remembered."""
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V:
        """Remember a value; returns it."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value

    def forget(self, key: K) -> None:
        self._kept.pop(key, None)


class Memo(Generic[T]):
    """The latest `size` values by key; a value asked for by several at once is made once."""

    def __init__(self, size: int) -> None:
        self._kept: Latest[Hashable, asyncio.Task[Any]] = Latest(size)

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The value of a key, made now if it is not remembered. A failure is not remembered."""
        task = self._kept.get(key) or self._kept.put(key, asyncio.ensure_future(_awaited(make)))
        try:
            return cast("T", await asyncio.shield(task))
        except Exception:
            if self._kept.get(key) is task:
                self._kept.forget(key)
            raise


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
