"""`screenalytics proof`: a signed statement about a revision of an episode."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from chassis.errors import BadInput
from screenalytics.commands.operator.connection import connect
from screenalytics.commands.operator.output import note
from screenalytics.commands.operator.undoing import Entry, entries_of
from screenalytics.http_client.client import Client
from screenalytics.proof.envelope import keyid_of, make_key, read_private_key, sign
from screenalytics.proof.statement import Decision, Revision, make_statement


def new_key(path: Path) -> None:
    """A key of one's own."""
    public = make_key(path)
    note(f"{path} signs: keep it to yourself. {public} verifies: give it to whoever asks.")


def prove(ep_id: str, *, key: Path, revision: int | None, out: Path | None) -> None:
    """Sign what is known of a revision. Raises BadInput `bad_key`, `history_too_long`, `out_not_writable`."""
    private = read_private_key(key)
    with connect() as api:
        known = _revision(api, ep_id, revision)
        versions = {"edits_version": known.edits_version or 0, "links_version": known.links_version or 0}
        decisions = [_decision(one) for one in entries_of(api, ep_id, **versions)]
    text = sign(make_statement(known, decisions, at=datetime.now(UTC)), private)
    if out is None:
        print(text, end="")
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise BadInput("out_not_writable", f"{out} cannot be written: {error.strerror or error}.") from error
    signed = "not signed off" if known.sign_off is None else "signed off"
    note(f"{out}: {ep_id} revision {known.number}, {signed}, by key {keyid_of(private.public_key())[:16]}…")


def _revision(api: Client, ep_id: str, number: int | None) -> Revision:
    found = api.list_screen_time_manifests(ep_id, revision=number).data
    files = {one.name: one for one in found.files}
    document = json.loads(api.read_screen_time_file(ep_id, "json", inline=True, revision=found.revision))
    video = api.get_video(ep_id).data
    return Revision(
        ep_id=ep_id,
        run_id=found.run_id,
        number=found.revision,
        reported_at=found.at.isoformat(timespec="seconds"),
        video_sha256=video.sha256,
        video_name=video.filename,
        files={name: one.sha256 for name, one in files.items()},
        document=document,
        grouping_revision=found.grouping_revision,
        edits_version=found.edits_version,
        links_version=found.links_version,
        sign_off=document.get("signed_off"),
    )


def _decision(one: Entry) -> Decision:
    return Decision(
        log=one.log,
        version=one.version,
        at=one.at,
        who=one.who,
        action=one.action,
        what=one.what,
        why=one.why,
        in_force=one.state != "undone",
    )
