"""What a sign-off holds of a revision, and how later revisions carry it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from contracts.rows import ScreenTimeDocument
from contracts.sign_off import SignOff
from services.identity.signoff.log import SignOffRecord

NEXT_TO_NOTHING_S = 0.05
"""Less is not said: the machine's surest names leave as much open."""


def digest_of(document: ScreenTimeDocument) -> str:
    """SHA-256 of who is visible when, to the millisecond; names and sentences are not in it."""
    people = [(row.cast_id, row.intervals_s) for row in document.cast if row.intervals_s]
    people += [("", row.intervals_s) for row in (*document.unidentified, *document.figures)]  # another run, other ids
    said = sorted((who, [[round(1000 * time) for time in one] for one in intervals]) for who, intervals in people)
    return hashlib.sha256(json.dumps(said, separators=(",", ":")).encode()).hexdigest()


def as_carried(record: SignOffRecord, document: ScreenTimeDocument, since: Sequence[str] = ()) -> SignOff:
    """A sign-off as `document` carries it; `since` says what differs from what was signed off, where that is known."""
    statement = record.statement
    if statement is None:
        raise ValueError("only an entry with a statement can be carried")
    stale = statement.seconds_sha256 != digest_of(document)
    return SignOff(
        run_id=statement.run_id,
        revision=statement.revision,
        who=record.who,
        at=record.at,
        note=record.note,
        undecided_s=statement.undecided_s,
        total_s=statement.total_s,
        open_questions=statement.open_questions,
        at_stake_s=statement.at_stake_s,
        stale=stale,
        changes=tuple(since) if stale else (),
    )


def in_words(signed: SignOff) -> str:
    """A sign-off in a sentence, for reports and exports."""
    something = signed.undecided_s >= NEXT_TO_NOTHING_S
    left = f"{signed.undecided_s:.1f} s were undecided" if something else "nothing was undecided"
    said = f"Revision {signed.revision} was signed off by {signed.who} on {signed.at[:10]}; {left}"
    return f"{said}. The times have changed since." if signed.stale else f"{said}."


def changed_in_words(before: SignOff | None, after: SignOff | None) -> list[str]:
    """What a revision says of a sign-off that the revision before carried otherwise."""
    if before is not None and after is None:
        return [f"The sign-off of revision {before.revision} by {before.who} was taken back."]
    if after is None or (before is not None and (before.at, before.stale) == (after.at, after.stale)):
        return []
    if before is None or before.at != after.at:
        return [in_words(after)]
    return [f"These are {'no longer' if after.stale else 'again'} the times that {after.who} signed off."]
