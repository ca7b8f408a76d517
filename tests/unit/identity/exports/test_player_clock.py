"""What is opened beside a video counts as a player does: from its earliest sound, or by the file's timecode."""

from __future__ import annotations

import csv
import io
import re

import pyarrow.parquet as pq
import pytest

from chassis.domain.visibility import VisibilityRules
from contracts.rows import ScreenTimeDocument
from services.identity.exports.appearances import Exchange, ExportForm, write_appearances
from services.identity.exports.tables import to_csv_bytes, to_json_bytes, to_parquet_bytes
from services.identity.exports.timecode import RateName
from services.identity.rules import ScreenTimeRules
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import EP, RUN, make_identity, make_link, make_track

TIMES = re.compile(r"\d\d:\d\d:\d\d[:;]\d\d")


def document(*, starts_at_s: float = 0.0, timecode: str | None = None) -> ScreenTimeDocument:
    """Ada from second 1 to 2.2, somebody else from 3 to 4."""
    tracks = [make_track(1, 1.0, 2.2), make_track(2, 3.0, 4.0)]
    computed = compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=1, duration_s=8.0),
        Seen(tracks=tracks, shots=[]),
        Named(
            identities=[make_identity(1, tracks[0]), make_identity(2, tracks[1])],
            links=[make_link(1, "ada", 0.9)],
            cast_names={"ada": "Ada"},
        ),
        rules=ScreenTimeRules(),
        visibility=VisibilityRules(),
    )
    return computed.model_copy(update={"starts_at_s": starts_at_s, "timecode": timecode})


def written(exchange: Exchange, of: ScreenTimeDocument, *, rate: RateName = "25", **form: object) -> str:
    return write_appearances(of, exchange, ExportForm(**form), rate_name=rate)  # type: ignore[arg-type]


def source_times(edl: str) -> list[str]:
    event = next(line for line in edl.splitlines() if line.startswith("001"))
    return TIMES.findall(event)[:2]


def test_json_counts_from_the_first_picture_and_says_where_a_player_has_it() -> None:
    known = ScreenTimeDocument.model_validate_json(to_json_bytes(document(starts_at_s=5.0)))
    assert known.cast[0].intervals_s == ((1.0, 2.2),)
    assert known.starts_at_s == 5.0


def test_tables_count_as_a_player_does() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv_bytes(document(starts_at_s=5.0)).decode(), newline="")))
    assert [(row["first_s"], row["last_s"], row["intervals_s"]) for row in rows] == [
        ("6.000", "7.200", "6.000-7.200"),
        ("8.000", "9.000", "8.000-9.000"),
    ]
    assert {row["starts_at_s"] for row in rows} == {"5.000"}
    assert [row["visible_s"] for row in rows] == ["1.200", "1.000"]
    table = pq.read_table(io.BytesIO(to_parquet_bytes(document(starts_at_s=5.0)))).to_pylist()
    assert [(row["start_s"], row["end_s"], row["starts_at_s"]) for row in table] == [(6.0, 7.2, 5.0), (8.0, 9.0, 5.0)]
    assert [row["share"] for row in table] == [0.15, 0.125]


def test_webvtt_counts_as_a_player_does() -> None:
    assert "00:00:06.000 --> 00:00:07.200\nAda" in written("webvtt", document(starts_at_s=5.0))
    assert "00:00:01.000 --> 00:00:02.200\nAda" in written("webvtt", document())


def test_without_a_timecode_a_players_zero_is_zero() -> None:
    assert source_times(written("edl", document(starts_at_s=5.0))) == ["00:00:06:00", "00:00:07:05"]
    project = written("fcpxml", document(starts_at_s=5.0))
    assert 'marker start="6s"' in project
    assert 'duration="13s"' in project


def test_the_timecode_of_the_file_names_the_first_picture() -> None:
    film = document(starts_at_s=5.0, timecode="10:00:00:00")
    assert source_times(written("edl", film)) == ["10:00:01:00", "10:00:02:05"]
    assert 'tcStart="36000s"' in written("fcpxml", film)
    assert 'marker start="36001s"' in written("fcpxml", film)


def test_a_timecode_that_is_asked_for_comes_first() -> None:
    film = document(starts_at_s=5.0, timecode="10:00:00:00")
    assert source_times(written("edl", film, start_tc="00:00:00:00")) == ["00:00:01:00", "00:00:02:05"]


@pytest.mark.parametrize(
    ("drop_frame", "counted"), [(None, "DROP FRAME"), (True, "DROP FRAME"), (False, "NON-DROP FRAME")]
)
def test_drop_frame_is_as_in_the_file_unless_told_otherwise(drop_frame: bool | None, counted: str) -> None:
    film = document(timecode="01:00:00;02")
    assert f"FCM: {counted}\r\n" in written("edl", film, rate="29.97", drop_frame=drop_frame)


@pytest.mark.parametrize("timecode", ["10:00:00:29", "10:01:00;00"])
def test_a_timecode_that_does_not_fit_the_rate_is_none(timecode: str) -> None:
    rate: RateName = "29.97" if ";" in timecode else "25"
    assert source_times(written("edl", document(timecode=timecode), rate=rate))[0].startswith("00:00:01")
