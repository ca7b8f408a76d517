"""No name becomes a formula in a spreadsheet, whichever separator it takes the file to have."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.domain.visibility import VisibilityRules
from contracts.rows import ScreenTimeDocument
from services.identity.exports.tables import to_csv_bytes
from services.identity.rules import IdentityThresholds
from services.identity.screentime.inputs import EpisodeRun, Named, Seen
from services.identity.screentime.screentime import compute_screen_time
from tests.unit.identity.builders import EP, RUN, make_identity, make_link, make_track

RULES = IdentityThresholds()
SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
SEPARATORS = [",", ";", "\t", "|"]
NAMES = st.text(alphabet=SIGNS + ",;\t|\"' \r\n\u200b\u2028ab1", min_size=1, max_size=12)
INVISIBLE = ' \t\r\n\v\f\u200b\ufeff\u2028\u2029"'


def document_with(name: str) -> ScreenTimeDocument:
    """A report of one person of that name."""
    track = make_track(1, 1.0, 3.0)
    return compute_screen_time(
        EpisodeRun(ep_id=EP, run_id=RUN, revision=1, duration_s=20.0),
        Seen(tracks=[track], shots=[]),
        Named(identities=[make_identity(1, track)], links=[make_link(1, "ann", 0.9)], cast_names={"ann": name}),
        models={"face_embedder": "test"},
        rules=RULES.screen_time,
        visibility=VisibilityRules(),
    )


def cells(text: str, separator: str, *, quotes: bool) -> list[str]:
    """Every cell as a program sees it that splits at this separator, with and without regard to quotes."""
    if quotes:
        return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]
    return [cell for line in text.splitlines() for cell in line.split(separator)]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("quotes", [True, False])
@given(name=NAMES)
def test_no_cell_begins_like_a_formula(separator: str, quotes: bool, name: str) -> None:
    text = to_csv_bytes(document_with(name)).decode()
    begun = [cell for cell in cells(text, separator, quotes=quotes) if cell.lstrip(INVISIBLE)[:1] in set(SIGNS)]
    assert begun == []


@given(name=NAMES)
def test_every_cell_is_where_it_was_for_a_reader_of_commas(name: str) -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv_bytes(document_with(name)).decode(), newline=""))
    assert (row["id"], row["visible_s"]) == ("ann", "2.000")
    assert row["name"].replace("'", "") == name.replace("'", "")


def test_a_plain_name_stays_as_it_is() -> None:
    (row,) = csv.DictReader(io.StringIO(to_csv_bytes(document_with("Anne-Marie O'Neil, jr.")).decode(), newline=""))
    assert row["name"] == "Anne-Marie O'Neil, jr."
