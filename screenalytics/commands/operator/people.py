"""`screenalytics identities` and `tracks`: who is in an episode."""

from __future__ import annotations

from typing import Literal

from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.output import Columns, note, percent, show
from screenalytics.http_client import models

State = Literal["all", "linked", "unidentified"]

IDENTITIES: Columns = {
    "identity": lambda one: one.identity_id,
    "name": lambda one: one.name,
    "link": lambda one: f"{one.cast_id} ({one.linked_by})" if one.cast_id else None,
    "seconds": lambda one: one.visible_s,
    "tracks": lambda one: one.tracks,
    "may be": lambda one: _match(one.best),
    "locked": lambda one: "locked" if one.locked else None,
    "why unknown": lambda one: one.reason if one.cast_id is None else None,
}
TRACKS: Columns = {
    "track": lambda one: one.track_id,
    "from s": lambda one: one.start_s,
    "to s": lambda one: one.end_s,
    "quality": lambda one: one.quality,
    "faces": lambda one: one.samples,
    "": lambda one: "rescued" if one.rescued else None,
}
LEFTOVERS: Columns = {
    "track": lambda one: one.member.track_id,
    "from s": lambda one: one.member.start_s,
    "to s": lambda one: one.member.end_s,
    "quality": lambda one: one.member.quality,
    "why": lambda one: one.reason,
}


def list_identities(ep_id: str, *, unidentified: bool, as_json: bool) -> None:
    """The people of an episode, most visible first, and the versions that commands may be meant for."""
    pages: list[models.IdentityPage] = []

    def read(cursor: str | None) -> models.IdentityPage:
        state: State = "unidentified" if unidentified else "all"
        pages.append(api.list_identities(ep_id, state=state, cursor=cursor).data)
        return pages[-1]

    with connect() as api:
        edits = (api.list_edits(ep_id, limit=1).etag or "").strip('"')  # before the list: never newer than it
        found = list(every(read))
    show(found, as_json=as_json, columns=IDENTITIES, nothing="nobody")
    first = pages[0]
    note(f"revision {first.revision}; links version {first.links_version}, edits version {edits}")


def list_tracks(ep_id: str, identity_id: str | None, *, as_json: bool) -> None:
    """The tracks of one identity in order of time, or those of nobody."""
    with connect() as api:
        if identity_id is None:
            left = list(every(lambda cursor: api.list_leftover_tracks(ep_id, cursor=cursor, pictures=0).data))
            show(left, as_json=as_json, columns=LEFTOVERS, nothing="every track is somebody's")
        else:
            own = list(
                every(lambda cursor: api.read_cluster(ep_id, identity_id, cursor=cursor, pictures=0).data.members)
            )
            show(own, as_json=as_json, columns=TRACKS, nothing="no tracks")


def _match(best: models.Match | None) -> str | None:
    return None if best is None else f"{best.name or best.cast_id} {percent(best.probability)}"
