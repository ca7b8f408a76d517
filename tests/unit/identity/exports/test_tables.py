from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq
import pytest

from chassis.domain.visibility import VisibilityRules
from contracts.rows import ScreenTimeDocument
from services.identity.exports.tables import to_csv_bytes, to_json_bytes, to_parquet_bytes
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import EP, RUN, make_identity, make_link, make_track

RULES = IdentityThresholds()


@pytest.fixture
def document() -> ScreenTimeDocument:
    tracks = [make_track(1, 0.1004, 2.3), make_track(2, 10, 14), make_track(3, 4, 5.5)]
    return compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=2, duration_s=20.0),
        Seen(tracks=tracks, shots=[]),
        Named(
            identities=[make_identity(1, tracks[0], tracks[1]), make_identity(2, tracks[2]), make_identity(3)],
            links=[make_link(1, "ada", 0.9), make_link(3, "jose")],
            cast_names={"ada": "=HYPERLINK(1)", "jose": "José, Jr."},
        ),
        models={"face_embedder": "test"},
        rules=RULES.screen_time,
        visibility=VisibilityRules(),
    )


def read_csv(document: ScreenTimeDocument) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv_bytes(document).decode(), newline="")))


def test_json_holds_the_whole_document_in_milliseconds(document: ScreenTimeDocument) -> None:
    data = to_json_bytes(document)
    assert ScreenTimeDocument.model_validate_json(data) == document
    assert json.loads(data)["cast"][0]["intervals_s"] == [[0.1, 2.3], [10.0, 14.0]]
    assert list(json.loads(data)) == list(ScreenTimeDocument.model_fields)
    assert "José" in data.decode()


def test_csv_has_a_row_for_everybody(document: ScreenTimeDocument) -> None:
    rows = read_csv(document)
    assert [(row["kind"], row["id"], row["visible_s"]) for row in rows] == [
        ("cast", "ada", "6.200"),
        ("cast", "jose", "0.000"),
        ("unidentified", "identity-00002", "1.500"),
    ]
    assert rows[0]["intervals_s"] == "0.100-2.300;10.000-14.000"
    assert rows[1]["name"] == "José, Jr."
    assert rows[2]["reason"]


def test_a_name_cannot_become_a_spreadsheet_formula(document: ScreenTimeDocument) -> None:
    assert read_csv(document)[0]["name"] == "'=HYPERLINK(1)"


def test_parquet_has_a_row_per_interval_and_loses_nobody(document: ScreenTimeDocument) -> None:
    rows = pq.read_table(io.BytesIO(to_parquet_bytes(document))).to_pylist()
    assert [(row["id"], row["start_s"], row["end_s"]) for row in rows] == [
        ("ada", 0.1, 2.3),
        ("ada", 10.0, 14.0),
        ("jose", None, None),
        ("identity-00002", 4.0, 5.5),
    ]
    assert rows[0]["name"] == "=HYPERLINK(1)"
    assert (rows[0]["visible_s"], rows[0]["revision"], rows[0]["episode_id"]) == (6.2, 2, EP)


def test_every_format_has_the_same_seconds(document: ScreenTimeDocument) -> None:
    seconds = {row.cast_id: row.visible_s for row in document.cast}
    table = pq.read_table(io.BytesIO(to_parquet_bytes(document))).to_pylist()
    assert {row["id"]: row["visible_s"] for row in table if row["kind"] == "cast"} == seconds
    assert {row["id"]: float(row["visible_s"]) for row in read_csv(document) if row["kind"] == "cast"} == seconds


def test_an_empty_episode_can_be_exported(document: ScreenTimeDocument) -> None:
    empty = document.model_copy(update={"cast": (), "unidentified": ()})
    assert read_csv(empty) == []
    assert pq.read_table(io.BytesIO(to_parquet_bytes(empty))).num_rows == 0


@pytest.mark.parametrize("export", [to_json_bytes, to_csv_bytes, to_parquet_bytes])
def test_the_same_document_gives_the_same_bytes(document: ScreenTimeDocument, export: object) -> None:
    assert callable(export)
    copy = ScreenTimeDocument.model_validate_json(document.model_dump_json())
    assert export(document) == export(copy)
