"""What a sign-off holds, when it is stale, and how it is taken back."""

from __future__ import annotations

import pytest

from chassis.errors import Conflict
from contracts.rows import ScreenTimeDocument
from services.identity.exports.appearances import Exchange, ExportForm, write_appearances
from services.identity.signoff.log import SignOffRecord, SignOffs, Statement, forget_in_notes
from services.identity.signoff.statement import as_carried, changed_in_words, digest_of, in_words
from tests.unit.identity.report.report_documents import screen_time

AT = "2026-11-29T10:00:00.000+00:00"


def record(version: int, document: ScreenTimeDocument | None = None, **more: object) -> SignOffRecord:
    statement = None
    if document is not None:
        statement = Statement(
            run_id=document.run_id,
            revision=document.revision,
            seconds_sha256=digest_of(document),
            undecided_s=4.25,
            total_s=60.0,
            open_questions=2,
            at_stake_s=1.5,
        )
    fields = {"action": "sign", "note": None, **more}
    return SignOffRecord.model_validate(
        {"version": version, "command_id": f"c{version}", "fingerprint": "f", "who": "Kim", "at": AT}
        | {"statement": statement}
        | fields
    )


def test_names_and_people_of_nought_seconds_change_no_times() -> None:
    document = screen_time()
    first = document.cast[0]
    renamed = document.model_copy(update={"cast": (first.model_copy(update={"name": "Other"}), *document.cast[1:])})
    assert digest_of(renamed) == digest_of(document)


def test_the_same_seconds_at_other_times_are_stale() -> None:
    document = screen_time()
    signed = record(1, document)
    assert not as_carried(signed, document, ["not told"]).stale
    first = next(row for row in document.cast if row.intervals_s)
    moved = first.model_copy(update={"intervals_s": tuple((a + 0.5, b + 0.5) for a, b in first.intervals_s)})
    later = document.model_copy(update={"cast": tuple(moved if row is first else row for row in document.cast)})
    carried = as_carried(signed, later, ["Ada: at other times."])
    assert (carried.stale, carried.changes) == (True, ("Ada: at other times.",))
    assert "have changed since" in in_words(carried)


def test_a_statement_that_was_taken_back_leaves_the_one_before() -> None:
    document = screen_time()
    log = SignOffs(version=3, log=(record(1, document), record(2, document), record(3, action="undo", target=2)))
    assert log.standing is not None and log.standing.version == 1
    assert log.chosen("redo", None) == 2
    again = SignOffs(version=4, log=(*log.log, record(4, action="redo", target=2)))
    assert again.standing is not None and again.standing.version == 2
    with pytest.raises(Conflict, match="no such sign-off to redo"):
        again.chosen("redo", None)


def test_a_revision_says_what_became_of_the_sign_off() -> None:
    document = screen_time()
    signed = as_carried(record(1, document), document)
    stale = signed.model_copy(update={"stale": True})
    assert changed_in_words(None, signed) == [in_words(signed)]
    assert changed_in_words(signed, signed) == []
    assert changed_in_words(signed, stale) == ["These are no longer the times that Kim signed off."]
    assert changed_in_words(stale, signed) == ["These are again the times that Kim signed off."]
    assert changed_in_words(signed, None) == [f"The sign-off of revision {signed.revision} by Kim was taken back."]


@pytest.mark.parametrize("exchange", ["webvtt", "ttml", "eaf", "fcpxml", "otio"])
def test_exports_carry_it_at_their_head(exchange: Exchange) -> None:
    document = screen_time()
    signed = as_carried(record(1, document), document)
    form = ExportForm()
    plain = write_appearances(document, exchange, form, rate_name="25")
    carried = write_appearances(document.model_copy(update={"signed_off": signed}), exchange, form, rate_name="25")
    sentence = f"Revision {document.revision} was signed off by Kim on 2026-11-29; 4.2 s were undecided."
    assert sentence not in plain
    assert sentence in carried


def test_names_of_an_erased_person_go_from_notes() -> None:
    (entry,) = forget_in_notes([record(1, screen_time(), note="Ada was checked")], ["Ada"])
    assert entry.note is not None and "Ada" not in entry.note
