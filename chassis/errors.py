"""The kinds of error that delivery tells apart. Anything else is a defect: a few tries, then a dead letter.

All of them can be pickled, whatever their constructors take: they cross from child processes.
"""

from __future__ import annotations

from typing import Any


class _Carried(Exception):
    """Is pickled by what it holds, not by what it was made from."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _carried, (type(self), self.args, self.__dict__)


def _carried(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class DependencyUnavailable(_Carried):
    """A server this service needs is away; the work waits for it. `dependency` is its short name, as in `triton`."""

    def __init__(self, dependency: str, detail: str) -> None:
        super().__init__(f"{dependency} is unavailable: {detail}")
        self.dependency = dependency
        self.detail = detail


class BadInput(_Carried):
    """What a person gave cannot be used. `code` is stable; `message` is one sentence that says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class WorkerDied(_Carried):
    """The process that did the work ended in the middle of it. A defect like others, but one that `code` names.

    `message` is one sentence for people that says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Malformed(BadInput):
    """What was given is not even of the right form: a key with `..` in it."""


class NotFound(BadInput):
    """There is no such thing, or the caller may not know of it."""


class Conflict(BadInput):
    """The thing is in a state that does not allow this."""


class StaleVersion(BadInput):
    """Somebody else changed it in between. Code `version_conflict`; `actual` is the version there is now."""

    def __init__(self, what: str, *, expected: int, actual: int) -> None:
        super().__init__(
            "version_conflict",
            f"{what} changed in the meantime (version {actual}, not {expected}): load it again and repeat.",
        )
        self.expected = expected
        self.actual = actual
