"""Remembering what was computed from things that never change."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class Memo(Generic[T]):
    """The latest `size` values by key; a value asked for by several at once is made once. Nobody may change a value."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, asyncio.Task[Any]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """The value of a key, made now if it is not remembered. A failure is not remembered."""
        task = self._kept.get(key)
        if task is None:
            task = asyncio.ensure_future(_awaited(make))
            self._kept[key] = task
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        try:
            return cast("T", await asyncio.shield(task))
        except Exception:
            if self._kept.get(key) is task:
                del self._kept[key]
            raise


async def _awaited(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
