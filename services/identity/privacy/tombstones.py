"""Who was erased, kept so that nobody can read it: a show knows its erased members again and cannot list them.

The invariant: **a cast id that was erased in a show stays closed in it**, so nothing that is delivered again or late
brings the person back. What is kept is the id's hash with a salt of the show's own.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """The erased members of one show; `erasures` is hash -> id of the erasure."""

    salt: str = ""
    erasures: Mapping[str, str] = field(default_factory=dict)

    def digest(self, cast_id: str) -> str:
        """What stands for a cast id. The show must have a salt."""
        return hmac.new(self.salt.encode(), cast_id.encode(), hashlib.sha256).hexdigest()

    def erasure_of(self, cast_id: str) -> str | None:
        """Id of the erasure of a cast id, None where nobody with it was erased."""
        return self.erasures.get(self.digest(cast_id)) if self.erasures else None

    def __contains__(self, cast_id: object) -> bool:
        return isinstance(cast_id, str) and self.erasure_of(cast_id) is not None


def new_salt() -> str:
    return secrets.token_hex(16)
