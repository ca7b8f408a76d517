"""`screenalytics undo`, `redo` and `history`: the two logs of an episode as one.

Edits of clusters and changes of links are two logs with two versions. The latest command of both is found by time, as
the services that took them noted it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from chassis.errors import BadInput
from screenalytics.commands.operator import edits as cluster_edits
from screenalytics.commands.operator import links as link_changes
from screenalytics.commands.operator.command_options import CommandOptions
from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.output import cell, moment, table
from screenalytics.http_client import models
from screenalytics.http_client.client import Client
from screenalytics.http_client.transport import ApiFailure

Log = Literal["edits", "links"]
Step = Literal["undo", "redo"]

PAST: dict[Step, str] = {"undo": "undone", "redo": "made again"}
LONGEST_HISTORY = 500


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A command that a step would take; `etag` is the version of its log when it was read."""

    log: Log
    name: str
    at: datetime
    what: str
    etag: str | None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the history. `state` is empty for a command in force."""

    at: str
    log: Log
    version: int
    who: str
    action: str
    what: str
    why: str | None
    state: str


def step(ep_id: str, step: Step, manner: CommandOptions, *, only: Log | None) -> None:
    """Take the latest command back, or the one taken back last make again.

    Raises BadInput `nothing_to_undo` and `nothing_to_redo`.
    """
    if manner.version is not None and only is None:
        raise BadInput("which_version", "Edits and links have versions of their own: say --edits or --links too.")
    with connect() as api:
        found = _candidates(api, ep_id, step, only)
        if not found:
            raise BadInput(f"nothing_to_{step}", f"There is nothing in {ep_id} to {step}.")
        chosen = max(found, key=lambda one: one.at)
        said, if_match = f"{PAST[step]}: {chosen.what}", manner.if_match(chosen.etag)
        if chosen.log == "edits":
            which = models.WhichEdit(edit_id=chosen.name, why=manner.why)
            send = api.undo_edit if step == "undo" else api.redo_edit
            cluster_edits.report(send(ep_id, which, wait_s=manner.wait_s, if_match=if_match), said, manner)
        else:
            body = models.Step(version=int(chosen.name), why=manner.why)
            change = api.undo_link_change if step == "undo" else api.redo_link_change
            link_changes.report(
                change(ep_id, body, wait_s=manner.wait_s, if_match=if_match), manner, before=f"{said}: "
            )


def history(ep_id: str, *, as_json: bool) -> None:
    """Every command of an episode, the latest first."""
    with connect() as api:
        entries = entries_of(api, ep_id)
    if as_json:
        for one in entries:
            print(json.dumps(asdict(one), ensure_ascii=False))
        return
    rows = [
        [moment(one.at), f"{one.log} {one.version}", *map(cell, (one.who, one.action, one.what, one.state, one.why))]
        for one in entries
    ]
    print(table(["when", "version", "who", "did", "what", "", "why"], rows) if rows else "nothing was changed")


def entries_of(
    api: Client, ep_id: str, *, edits_version: int | None = None, links_version: int | None = None
) -> list[Entry]:
    """Both logs as one, the latest first; with versions as the logs were then.

    Raises:
        BadInput: `history_too_long`, where versions are named and the log of links does not reach back to its beginning.
    """
    edits, _ = _edits(api, ep_id)
    links, _ = _links(api, ep_id)
    history = links.history if links is not None else []
    if links_version is not None and len(history) >= LONGEST_HISTORY:
        raise BadInput(
            "history_too_long", f"{ep_id} has more than {LONGEST_HISTORY} commands on links: not all can be told."
        )
    known = [one for one in edits if edits_version is None or one.version <= edits_version]
    commands = [one for one in history if links_version is None or one.version <= links_version]
    latest = {one.edit_id: one.action for one in sorted(known, key=lambda one: one.version)}
    undone = _undone_links(commands)
    entries = [_of_edit(one, undone=latest[one.edit_id] == "undo") for one in known]
    entries += [_of_links(one, undone) for one in commands]
    return sorted(entries, key=lambda one: datetime.fromisoformat(one.at), reverse=True)


def _candidates(api: Client, ep_id: str, step: Step, only: Log | None) -> list[Candidate]:
    found: list[Candidate | None] = []
    if only != "links":
        entries, etag = _edits(api, ep_id)
        found.append(_edit_candidate(entries, step, etag))
    if only != "edits":
        links, etag = _links(api, ep_id)
        found.append(_link_candidate(links, step, etag) if links is not None else None)
    return [one for one in found if one is not None]


def _edits(api: Client, ep_id: str) -> tuple[list[models.EditEntry], str | None]:
    """The log of edits, the latest first, and its version."""
    etags: list[str | None] = []

    def read(cursor: str | None) -> models.PageEditEntry:
        answer = api.list_edits(ep_id, cursor=cursor, limit=LONGEST_HISTORY)
        etags.append(answer.etag)
        return answer.data

    return list(every(read)), etags[0]


def _links(api: Client, ep_id: str) -> tuple[models.LinksView | None, str | None]:
    """The links with their history; None for an episode whose people nobody has reported yet."""
    try:
        answer = api.read_links(ep_id, history=LONGEST_HISTORY)
    except ApiFailure as error:
        if error.code != "unknown_episode":
            raise
        return None, None
    return answer.data, answer.etag


def _edit_candidate(entries: Sequence[models.EditEntry], step: Step, etag: str | None) -> Candidate | None:
    """The edit that the API takes by default: the latest made that is in force, or the latest undone since one was made."""
    if step == "undo":
        chosen = next((one for one in entries if one.action == "apply" and one.active), None)
    else:
        since = next((place for place, one in enumerate(entries) if one.action == "apply"), len(entries))
        chosen = next((one for one in entries[:since] if one.action == "undo" and not one.active), None)
    if chosen is None:
        return None
    latest = next(one for one in entries if one.edit_id == chosen.edit_id)
    made = next((one for one in entries if one.edit_id == chosen.edit_id and one.action == "apply"), chosen)
    return Candidate(
        log="edits",
        name=chosen.edit_id,
        at=datetime.fromisoformat(latest.at),
        what=f"{made.sentence or made.kind} ({made.who}, {moment(made.at)}{_because(made.why)})",
        etag=etag,
    )


def _link_candidate(view: models.LinksView, step: Step, etag: str | None) -> Candidate | None:
    version = view.undoable if step == "undo" else view.redoable
    if version is None:
        return None
    touching = [one for one in view.history if version in {one.version, one.target}]
    made = next((one for one in touching if one.version == version), None)
    if made is None:
        raise BadInput("history_too_long", f"Links version {version} is too long ago to be found: say --edits.")
    return Candidate(
        log="links",
        name=str(version),
        at=datetime.fromisoformat(touching[0].at),
        what=f"{made.action} ({made.who}, {moment(made.at)}{_because(made.why)})",
        etag=etag,
    )


def _of_edit(one: models.EditEntry, *, undone: bool) -> Entry:
    state = "undone" if one.action == "apply" and undone else ""
    return Entry(
        at=one.at,
        log="edits",
        version=one.version,
        who=one.who,
        action=one.action,
        what=one.sentence or one.kind,
        why=one.why,
        state=state,
    )


def _of_links(one: models.LinkCommand, undone: set[int]) -> Entry:
    return Entry(
        at=one.at,
        log="links",
        version=one.version,
        who=one.who,
        action=one.action,
        what=", ".join(link_changes.sentence(change) for change in one.changes),
        why=one.why,
        state="undone" if one.version in undone else "",
    )


def _undone_links(commands: Sequence[models.LinkCommand]) -> set[int]:
    """Versions that an undo named after any redo."""
    undone: set[int] = set()
    for one in reversed(commands):
        if one.target is not None and one.action == "undo":
            undone.add(one.target)
        elif one.target is not None:
            undone.discard(one.target)
    return undone


def _because(why: str | None) -> str:
    return f": {why}" if why else ""
