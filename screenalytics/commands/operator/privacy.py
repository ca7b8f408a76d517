"""`screenalytics privacy`: consent, export, erasure and its receipts, and the end of a show."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from chassis.errors import BadInput
from screenalytics.commands.operator.connection import connect, every
from screenalytics.commands.operator.output import Columns, moment, note, several, show, tell
from screenalytics.http_client import models

LOOK_EVERY_S = 2.0
LONGEST_WAIT_S = 1800.0

RECEIPTS: Columns = {
    "erasure": lambda one: one.erasure_id,
    "of": lambda one: one.kind,
    "state": lambda one: one.state,
    "asked": lambda one: moment(str(one.asked_at)),
    "by": lambda one: one.asked_by,
    "episodes done": lambda one: one.episodes_done,
    "pending": lambda one: one.episodes_pending,
}
KAFKA: Columns = {
    "topic": lambda one: one.topic,
    "gone by": lambda one: moment(str(one.until)),
    "holds": lambda one: one.holds,
}


def record_consent(
    slug: str, cast_id: str, *, basis: Any, since: datetime | None, note: str | None, as_json: bool
) -> None:
    """Record the legal basis of a cast member."""
    given_on: date = since.date() if since is not None else datetime.now(UTC).date()
    body = models.NewConsent.model_validate({"basis": basis, "given_on": given_on.isoformat(), "note": note})
    with connect() as api:
        answer = api.record_consent(slug, cast_id, body)
    tell(f"{cast_id}: {answer.data.basis} since {answer.data.given_on}", answer.data, as_json=as_json)


def withdraw_consent(slug: str, cast_id: str) -> None:
    """Take back the legal basis of a cast member."""
    with connect() as api:
        was_there = api.withdraw_consent(slug, cast_id).data
    print(f"{cast_id}: taken back" if was_there else f"{cast_id}: nothing was recorded")


def export_person(slug: str, cast_id: str, out: Path | None) -> None:
    """Write what is kept about a cast member."""
    with connect() as api:
        content = api.export_person(slug, cast_id)
    place = out or Path(f"{slug}-{cast_id}.zip")
    try:
        place.write_bytes(content)
    except OSError as error:
        raise BadInput("out_unwritable", f"{place} cannot be written: {error.strerror or error}.") from error
    print(f"{place}: {len(content)} bytes")


def erase_person(slug: str, cast_id: str, *, yes: bool, names: Sequence[str], wait: bool, as_json: bool) -> None:
    """Erase a person and print the receipt as it is then."""
    if not yes:
        raise BadInput("not_confirmed", f"This removes everything about {cast_id} for good: say --yes if you mean it.")
    with connect() as api:
        receipt = api.erase_person(slug, models.NewErasure(cast_id=cast_id, names=list(names))).data
        deadline = time.monotonic() + LONGEST_WAIT_S
        while wait and receipt.state != "done" and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
            receipt = api.read_erasure(slug, receipt.erasure_id).data
    _print_receipt(receipt, as_json=as_json)


def list_receipts(slug: str, *, as_json: bool) -> None:
    """The erasures of a show."""
    with connect() as api:
        found = list(every(lambda cursor: api.list_erasures(slug, cursor=cursor).data))
    show(found, as_json=as_json, columns=RECEIPTS, nothing=f"{slug} has no erasures")


def show_receipt(slug: str, erasure_id: str, *, as_json: bool) -> None:
    """One receipt."""
    with connect() as api:
        receipt = api.read_erasure(slug, erasure_id.strip().upper()).data
    _print_receipt(receipt, as_json=as_json)


def delete_show(slug: str, *, yes: bool, as_json: bool) -> None:
    """Delete a show."""
    if not yes:
        raise BadInput(
            "not_confirmed", f"This deletes {slug} with all its episodes for good: say --yes if you mean it."
        )
    with connect() as api:
        gone = api.delete_show(slug).data
    tell(f"{gone.show} deleted; {several(gone.episodes, 'episode')} follow", gone, as_json=as_json)


def _print_receipt(receipt: models.ErasureReceipt, *, as_json: bool) -> None:
    if as_json:
        print(receipt.model_dump_json())
        return
    total = receipt.episodes_done + receipt.episodes_pending
    print(
        f"erasure {receipt.erasure_id} in {receipt.show}: {receipt.state}, {receipt.episodes_done} of {total} episodes"
    )
    for what, count in receipt.removed.items():
        print(f"  {what.replace('_', ' ')}: {count}")
    if receipt.elsewhere:
        note(f"{several(receipt.elsewhere, 'picture')} in buckets that are not ours: remove them there")
    if receipt.kafka:
        show(receipt.kafka, as_json=False, columns=KAFKA, nothing="")
