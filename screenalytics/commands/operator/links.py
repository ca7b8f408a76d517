"""`screenalytics link`, `unlink` and `suggest`: who the identities of an episode are."""

from __future__ import annotations

from screenalytics.commands.operator.command_options import CommandOptions
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import Columns, cell, note, percent, show, table, tell
from screenalytics.http_client import models
from screenalytics.http_client.transport import Answer

SUGGESTIONS: Columns = {
    "identity": lambda one: one.identity_id,
    "may be": lambda one: _nth(one, 0),
    "margin": lambda one: one.margin if one.matches else None,
    "or": lambda one: _nth(one, 1),
    "dismissed": lambda one: ", ".join(cast_id or "anybody" for cast_id in one.dismissed or ()),
    "doubt": lambda one: one.reason,
}


def link(ep_id: str, identity_id: str, cast_id: str, manner: CommandOptions) -> None:
    """Say that an identity is a cast member."""
    with connect() as api:
        body = models.LinkRequest(cast_id=cast_id, why=manner.why)
        outcome = api.link_identity(ep_id, identity_id, body, wait_s=manner.wait_s, if_match=manner.if_match())
    report(outcome, manner)


def unlink(ep_id: str, identity_id: str, manner: CommandOptions) -> None:
    """Take a link away."""
    with connect() as api:
        outcome = api.unlink_identity(
            ep_id, identity_id, why=manner.why, wait_s=manner.wait_s, if_match=manner.if_match()
        )
    report(outcome, manner)


def list_suggestions(ep_id: str, *, as_json: bool) -> None:
    """Whom every identity may be."""
    with connect() as api:
        found = api.list_suggestions(ep_id).data
    show(found.items, as_json=as_json, columns=SUGGESTIONS, nothing="nobody")
    note(f"links version {found.links_version}, facebank revision {found.facebank_revision}")


def apply_above(ep_id: str, probability: float, margin: float | None, manner: CommandOptions) -> None:
    """Link everybody whose suggestion is that probable, as one change; only if the links are as they were read."""
    body = models.ApplyAll(min_probability=probability, why=manner.why)
    if margin is not None:
        body.min_margin = margin
    with connect() as api:
        read = api.list_suggestions(ep_id)
        outcome = api.apply_all_suggestions(ep_id, body, wait_s=manner.wait_s, if_match=manner.if_match(read.etag)).data
    if manner.as_json:
        print(outcome.model_dump_json())
        return
    for one in outcome.applied:
        print(f"{one.identity_id} is now {cell(one.cast_id)} ({percent(one.probability)}, margin {one.margin:.2f})")
    if outcome.skipped:
        print(table(["not applied", "why"], [[one.identity_id, cell(one.reason)] for one in outcome.skipped]))
    print(f"{len(outcome.applied)} applied; {standing(outcome, manner)}")


def dismiss(ep_id: str, identity_id: str, cast_id: str, manner: CommandOptions) -> None:
    """Never suggest a pair again."""
    with connect() as api:
        body = models.Pair(identity_id=identity_id, cast_id=cast_id, why=manner.why)
        outcome = api.dismiss_suggestion(ep_id, body, wait_s=manner.wait_s, if_match=manner.if_match())
    report(outcome, manner)


def restore(ep_id: str, identity_id: str, cast_id: str, manner: CommandOptions) -> None:
    """Suggest a dismissed pair again."""
    with connect() as api:
        body = models.Pair(identity_id=identity_id, cast_id=cast_id, why=manner.why)
        outcome = api.restore_suggestion(ep_id, body, wait_s=manner.wait_s, if_match=manner.if_match())
    report(outcome, manner)


def report(answer: Answer[models.LinksOutcome], manner: CommandOptions, before: str = "") -> None:
    """Say what a command on links did."""
    outcome = answer.data
    said = ", ".join(sentence(change) for change in outcome.changes or ()) or "nothing to change"
    tell(f"{before}{said}; {standing(outcome, manner)}", outcome, as_json=manner.as_json)


def sentence(change: models.LinkChange) -> str:
    """What one change did to one identity."""
    now, was = (link.cast_id if link else None for link in (change.after, change.before))
    if now != was:
        return f"{change.identity_id} is now {now or 'nobody'}" + (f", was {was}" if was else "")
    gone = _pairs(change.dismissed_after) - _pairs(change.dismissed_before)
    back = _pairs(change.dismissed_before) - _pairs(change.dismissed_after)
    for pairs, how in ((gone, "is not suggested"), (back, "may be suggested again")):
        if pairs:
            return f"{', '.join(sorted(pairs))} {how} for {change.identity_id}"
    return f"{change.identity_id} stays {now or 'nobody'}"


def standing(outcome: models.LinksOutcome | models.ApplyOutcome, manner: CommandOptions) -> str:
    """The version there is now, and where its effect is to be seen."""
    said = f"links version {outcome.version}"
    if outcome.revision is not None:
        return f"{said}, in revision {outcome.revision} of the report"
    if not outcome.changed:
        return said
    return said + (", the report with it is not there yet" if manner.wait else ", the report follows")


def _pairs(dismissed: list[models.Dismissal] | None) -> set[str]:
    return {one.cast_id or "anybody" for one in dismissed or ()}


def _nth(suggestions: models.Suggestions, place: int) -> str | None:
    if len(suggestions.matches) <= place:
        return None
    match = suggestions.matches[place]
    return f"{match.name or match.cast_id} {percent(match.probability)}"
