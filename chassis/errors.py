"""The kinds of error that delivery tells apart. Anything else is a defect: a few tries, then a dead letter."""

from __future__ import annotations


class DependencyUnavailable(Exception):
    """A server this service needs is away; the work waits for it. `dependency` is its short name, as in `triton`."""

    def __init__(self, dependency: str, detail: str) -> None:
        super().__init__(f"{dependency} is unavailable: {detail}")
        self.dependency = dependency
        self.detail = detail


class BadInput(Exception):
    """What a person gave cannot be used. `code` is stable; `message` is one sentence that says what to do."""

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
