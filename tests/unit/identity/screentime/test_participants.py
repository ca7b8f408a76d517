from __future__ import annotations

from chassis.domain.visibility import VisibilityRules
from contracts.rows import ScreenTimeDocument
from services.identity.queries.appearances import ExportForm, write_appearances
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.moments import visible_at
from services.identity.screentime.participants import only_participants
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import EP, RUN, make_identity, make_link, make_track


def document_with_a_passer_by() -> ScreenTimeDocument:
    host, guest, passer_by = (
        make_track(1, 0, 10, size=0.3),
        make_track(2, 0, 10, size=0.25),
        make_track(3, 2, 4, size=0.04),
    )
    return compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=1, duration_s=10.0),
        Seen(tracks=[host, guest, passer_by], shots=[]),
        Named(
            identities=[make_identity(1, host), make_identity(2, guest), make_identity(3, passer_by)],
            links=[make_link(1, "ada")],
            cast_names={"ada": "Ada"},
        ),
        rules=IdentityThresholds().screen_time,
        visibility=VisibilityRules(),
    )


def test_the_filter_leaves_out_who_is_seen_in_passing_with_their_pairs() -> None:
    document = document_with_a_passer_by()
    filtered = only_participants(document)
    assert [row.identity_id for row in document.unidentified] == ["identity-00002", "identity-00003"]
    assert [row.identity_id for row in filtered.unidentified] == ["identity-00002"]
    assert [row.cast_id for row in filtered.cast] == ["ada"]
    assert {(pair.a, pair.b) for pair in filtered.co_appearance_s} == {("ada", "identity-00002")}


def test_the_filter_changes_no_figure_of_anybody_else() -> None:
    document = document_with_a_passer_by()
    filtered = only_participants(document)
    assert filtered.cast == document.cast
    assert filtered.coverage == document.coverage


def test_a_moment_and_an_export_take_the_filter() -> None:
    document = document_with_a_passer_by()
    assert len(visible_at(document, 3.0).unidentified) == 2
    assert len(visible_at(only_participants(document), 3.0).unidentified) == 1
    everybody, some = (
        write_appearances(document, "webvtt", ExportForm(unidentified=True, participants=participants), rate_name="25")
        for participants in (False, True)
    )
    assert "identity-00003" in everybody
    assert "identity-00003" not in some


def test_who_a_document_of_an_earlier_version_names_takes_part() -> None:
    document = document_with_a_passer_by()
    told = document.model_dump(mode="json")
    for row in (*told["cast"], *told["unidentified"]):
        for name in ("prominence", "participant", "shown"):
            del row[name]
    assert only_participants(ScreenTimeDocument.model_validate(told)).unidentified
