"""What the store makes of documents as they lie in MongoDB."""

from __future__ import annotations

from services.ingest.runs.records import Episode, Tombstone
from services.ingest.store.episodes import record_of
from services.ingest.store.runs import run_of
from tests.support.run_records import BEGIN, RUN, a_run

FIRST = "01JCZ5M7Q8XG3V4B2N1K0H9F8D"


def test_a_deleted_episode_is_a_tombstone_whatever_else_its_document_has() -> None:
    stone = {"_id": "my-show-s01e01", "deleted": True, "last_run_id": RUN, "version": 3, "video": {"uri": "s3://b/k"}}
    found = record_of(stone)
    assert isinstance(found, Tombstone)
    assert (found.ep_id, found.version, found.last_run_id) == ("my-show-s01e01", 3, RUN)


def test_an_episode_names_the_run_that_was_asked_for() -> None:
    document = {"_id": "my-show-s01e01", "version": 1, "created_at": BEGIN, "updated_at": BEGIN}
    plain, asked = record_of(document), record_of(document | {"asked": {"run_id": RUN, "since": BEGIN}})
    assert isinstance(plain, Episode)
    assert isinstance(asked, Episode)
    assert (plain.asked_run_id, asked.asked_run_id) == (None, RUN)


def test_a_run_keeps_its_id_and_tells_the_revision_of_a_report_that_was_not_read() -> None:
    document = a_run(FIRST).model_dump(by_alias=True)
    assert run_of(document).run_id == FIRST
    partly = run_of(document | {"report": {"revision": 4}}, with_report=False)
    assert (partly.report, partly.report_revision) == (None, 4)
