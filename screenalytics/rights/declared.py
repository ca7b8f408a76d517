"""The rights of each service. **A right that is not written here is not had**: tests run the services with just these.

Kafka's are in `screenalytics.commands.topics`, from the services' own wiring.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from chassis.mongo.database import COLLECTIONS
from contracts.events import Service

User = Service | Literal["api", "setup", "tools"]
"""`api` is the process that serves the HTTP API of all services, `setup` the one that makes indexes, `tools` whoever looks
after the whole: keys, dead letters, runs, announcing episodes."""

SIGN_OF_LIFE = frozenset({"service_instances"})
TRIES = frozenset({"delivery_attempts"})
"""Counted before a message that may have been tried before is handled again."""
FENCED = frozenset({"episodes", "runs"})
"""Read before an event of a run is handled: is the run still the current one?"""
SESSIONS = frozenset({"sessions"})
ANSWERS_HTTP = frozenset({"api_keys"}) | SESSIONS
AUDITED = frozenset({"audit"})

VIDEOS, UPLOADS, PICTURES = "raw/videos/", "uploads/", "raw/facebank/"
SEGMENTS, MANIFESTS, CLIPS, SHOWN = (f"artifacts/{kind}/" for kind in ("segments", "manifests", "clips", "pictures"))
FRAMES, PROXIES = "artifacts/frames/", "artifacts/proxies/"


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Collections and key prefixes of one user.

    Attributes: `owns` collections are read and written, indexes made; `reads` are only read; `adds_to` are only
    inserted into; on `indexes` there is no more than making indexes. `gets`, `puts` and `deletes` are prefixes of
    objects, `lists` prefixes whose keys may be listed.
    """

    owns: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    adds_to: frozenset[str] = frozenset()
    indexes: frozenset[str] = frozenset()
    gets: frozenset[str] = field(default_factory=frozenset)
    puts: frozenset[str] = field(default_factory=frozenset)
    deletes: frozenset[str] = field(default_factory=frozenset)
    lists: frozenset[str] = field(default_factory=frozenset)

    def __or__(self, other: Rights) -> Rights:
        """What both may do."""
        return Rights(**{name: getattr(self, name) | getattr(other, name) for name in self.__dataclass_fields__})


def _owned_by(owner: str) -> frozenset[str]:
    return frozenset(collection.name for collection in COLLECTIONS if collection.owner == owner)


def _prefixes(*prefixes: str) -> frozenset[str]:
    return frozenset(prefixes)


_ALL = frozenset(collection.name for collection in COLLECTIONS)

_WORKER = Rights(owns=SIGN_OF_LIFE | TRIES, reads=FENCED)
_SERVES = Rights(owns=SIGN_OF_LIFE | TRIES, reads=FENCED | ANSWERS_HTTP, adds_to=AUDITED)

_INGEST = _SERVES | Rights(
    # It signs browsers in and out; the others only look.
    owns=_owned_by("ingest") | SESSIONS,
    reads=AUDITED,
    gets=_prefixes(VIDEOS, UPLOADS, MANIFESTS, CLIPS, FRAMES, PROXIES),
    puts=_prefixes(VIDEOS, UPLOADS, CLIPS, FRAMES, PROXIES),
    # An episode is deleted with all that its stages left.
    deletes=_prefixes(VIDEOS, UPLOADS, "artifacts/"),
    lists=_prefixes(VIDEOS, UPLOADS, "artifacts/"),
)
_GROUPER = _SERVES | Rights(
    owns=_owned_by("grouper"),
    reads=frozenset({"identities", "screen_time"}),
    gets=_prefixes(SEGMENTS, MANIFESTS),
    # Crop archives without the faces of somebody who was erased.
    puts=_prefixes(MANIFESTS, SEGMENTS),
)
_IDENTITY = _SERVES | Rights(
    # Somebody who is erased is taken out of the audit log too.
    owns=_owned_by("identity") | AUDITED,
    reads=frozenset({"edits", "grouper_runs"}),
    gets=_prefixes(SEGMENTS, MANIFESTS, SHOWN, PICTURES),
    puts=_prefixes(MANIFESTS, SHOWN, PICTURES),
    # An erasure removes what only earlier revisions need.
    deletes=_prefixes(PICTURES, MANIFESTS, SEGMENTS, SHOWN),
    lists=_prefixes(PICTURES, MANIFESTS, SEGMENTS, SHOWN),
)

_WEBHOOKS = Rights(
    # Sends whatever happens of any run, so it asks for no run's state; what it tells is in the events.
    owns=SIGN_OF_LIFE | TRIES | _owned_by("webhooks"),
    reads=ANSWERS_HTTP,
    adds_to=AUDITED,
)

RIGHTS: dict[User, Rights] = {
    "ingest": _INGEST,
    "detector": _WORKER | Rights(gets=_prefixes(VIDEOS, SEGMENTS), puts=_prefixes(SEGMENTS)),
    "embedder": _WORKER | Rights(gets=_prefixes(SEGMENTS), puts=_prefixes(SEGMENTS)),
    "grouper": _GROUPER,
    "identity": _IDENTITY,
    "webhooks": _WEBHOOKS,
    "api": _INGEST | _GROUPER | _IDENTITY | _WEBHOOKS,
    "setup": Rights(indexes=_ALL),
    "tools": Rights(owns=_ALL, gets=_prefixes(MANIFESTS), puts=_prefixes(VIDEOS, PICTURES), lists=_prefixes(VIDEOS)),
}
