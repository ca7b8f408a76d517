"""Ids elsewhere, roles and characters in the forms of editing programs, players and ELAN, as other readers find them."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from pycaption import DFXPReader
from pympi import Eaf

from contracts.cast import CastDetails
from contracts.external_ids import ProgrammeIds
from contracts.rows import ScreenTimeDocument
from services.identity.exports.appearances import Exchange, ExportForm, write_appearances
from tests.support.exported_episode import exported_episode

EIDR = "10.5240/7791-8534-2C23-9030-8610-5"
PROGRAMME = (f"Episode: EIDR {EIDR}, IMDb tt9999905", "Show: Wikidata Q99999902")
JOSE = "guest, Captain Holm, IMDb nm9999901, Wikidata Q99999901"
HOSTILE = 'Captain "Holm" <b>\n* FROM CLIP NAME: other'


def written(exchange: Exchange, document: ScreenTimeDocument | None = None) -> str:
    return write_appearances(document or exported_episode(), exchange, ExportForm(), rate_name="25")


def without_anything_said() -> ScreenTimeDocument:
    document = exported_episode()
    cast = tuple(row.model_copy(update={"details": CastDetails()}) for row in document.cast)
    ids = {"external_ids": ProgrammeIds(), "show_external_ids": ProgrammeIds()}
    return document.model_copy(update={"cast": cast, **ids})


def test_a_cut_list_has_them_as_comments() -> None:
    read = otio.adapters.read_from_string(written("edl"), "cmx_3600", rate=25)
    assert isinstance(read, otio.schema.Timeline)
    comments = [list(clip.metadata["cmx_3600"]["comments"]) for clip in read.find_clips()]
    told = [[text.removeprefix("COMMENT: ") for text in of_clip] for of_clip in comments]
    assert told == [["Ada Marsh", *PROGRAMME, "presenter"], ["José Reyes", JOSE], ["Ada Marsh", "presenter"]]


def test_fcp7_has_them_in_the_logging_info_and_the_comments_of_markers() -> None:
    text = written("fcp7")
    read = otio.adapters.read_from_string(text, "fcp_xml")
    assert isinstance(read, otio.schema.Timeline)
    comments = {marker.name: marker.metadata["fcp_xml"]["comment"] for marker in read.tracks.markers}
    assert comments == {"Ada Marsh": "ada: presenter", "José Reyes": f"jose: {JOSE}"}
    assert ElementTree.fromstring(text).findtext("sequence/logginginfo/description") == "; ".join(PROGRAMME)


def test_fcpxml_has_them_as_metadata_of_the_sequence_and_in_notes() -> None:
    root = ElementTree.fromstring(written("fcpxml").split("<!DOCTYPE fcpxml>")[1])
    (sequence,) = root.iter("sequence")
    assert [child.tag for child in sequence] == ["spine", "metadata"], "in the order that the format wants"
    assert {one.get("key"): one.get("value") for one in root.iter("md")} == {
        "org.screenalytics.eidr": EIDR,
        "org.screenalytics.imdb": "tt9999905",
        "org.screenalytics.show_wikidata": "Q99999902",
    }
    notes = [str(marker.get("note")) for marker in root.iter("marker")]
    assert notes[1] == f"jose 01:00:04:00 - 01:00:08:00, {JOSE}"


def test_ttml_has_them_as_addresses() -> None:
    text = written("ttml")
    root = ElementTree.fromstring(text.split("\n", 1)[1])
    terms, meta = "{http://purl.org/dc/terms/}", "{http://www.w3.org/ns/ttml#metadata}"
    assert [one.text for one in root.iter(f"{terms}identifier")] == [
        f"https://doi.org/{EIDR}",
        "https://www.imdb.com/title/tt9999905/",
    ]
    assert [one.text for one in root.iter(f"{terms}isPartOf")] == ["http://www.wikidata.org/entity/Q99999902"]
    jose = [(one.get("type"), one.text) for one in [*root.iter(f"{meta}agent")][1].iter(f"{meta}name")]
    assert jose == [
        ("full", "José Reyes"),
        ("other", "https://www.imdb.com/name/nm9999901/"),
        ("other", "http://www.wikidata.org/entity/Q99999901"),
    ]
    assert "imdb" not in "".join(caption.get_text() for caption in DFXPReader().read(text).get_captions("und"))


def test_elan_has_them_as_properties(tmp_path: Path) -> None:
    file = tmp_path / "x.eaf"
    file.write_text(written("eaf"), encoding="utf-8")
    assert sorted(Eaf(str(file)).properties) == [
        ("eidr", EIDR),
        ("imdb", "tt9999905"),
        ("imdb:jose", "nm9999901"),
        ("show_wikidata", "Q99999902"),
        ("wikidata:jose", "Q99999901"),
    ]


@pytest.mark.parametrize("exchange", ["edl", "fcpxml", "fcp7", "ttml", "eaf"])
def test_where_nothing_was_said_nothing_is(exchange: Exchange) -> None:
    text = written(exchange, without_anything_said())
    for word in ("EIDR", "eidr", "metadata>\n  ", "logginginfo", "dcterms", "Episode:", "Show:", "PROPERTY", "other"):
        assert word not in text


def test_a_character_is_no_line_of_its_own_in_a_cut_list() -> None:
    document = exported_episode()
    jose = document.cast[1].model_copy(update={"details": CastDetails.model_construct(characters=(HOSTILE,))})
    lines = written("edl", document.model_copy(update={"cast": (jose,)})).split("\r\n")
    assert not [line for line in lines if line.startswith("* FROM CLIP NAME: other")]
