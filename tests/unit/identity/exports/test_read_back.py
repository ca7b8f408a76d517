"""Timelines, markers and cues, opened by programs that others wrote: what is read is what was written."""

from __future__ import annotations

import io
import json
import warnings
from fractions import Fraction
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import opentimelineio as otio
import pyarrow.csv
import pytest
from pycaption import DFXPReader, WebVTTReader
from pympi.Elan import Eaf
from rdflib import RDF, RDFS, Graph, Namespace, URIRef

from contracts.rows import ScreenTimeDocument
from services.identity.exports.appearances import BOXES, Exchange, ExportForm, programme_of, write_appearances
from services.identity.exports.clips import Cutting
from services.identity.exports.ebucore import EBUCORE
from services.identity.exports.timecode import RATE_NAMES, RATES, RateName
from tests.support.exported_episode import EP, JOSE, cast_row, exported_episode

HOSTILE = 'Ada & <b>|M: "x"\tO\'Neil'
EIDR, IMDB = "10.5240/7791-8534-2C23-9030-8610-5", "https://www.imdb.com/title/tt9999905/"
MEDIA = "file:///media/harbour%20lights.mov"
FRAMES: tuple[Exchange, ...] = ("otio", "fcp7")


@pytest.fixture
def document() -> ScreenTimeDocument:
    return exported_episode()


def timeline(text: str, adapter: str, **options: object) -> otio.schema.Timeline:
    read = otio.adapters.read_from_string(text, adapter, **options)
    assert isinstance(read, otio.schema.Timeline)
    return read


def clips_on(track: otio.schema.Track) -> list[tuple[str, int, int, int]]:
    """Name, first frame of the timeline, first frame of the source, frames."""
    found = []
    for clip in track.find_clips():
        source, here = clip.source_range, clip.range_in_parent()
        assert here.duration == source.duration
        found.append((clip.name, int(here.start_time.value), int(source.start_time.value), int(source.duration.value)))
    return found


ADAPTERS = {"otio": "otio_json", "fcp7": "fcp_xml"}


@pytest.mark.parametrize("exchange", FRAMES)
@pytest.mark.parametrize("rate_name", RATE_NAMES)
def test_a_timeline_has_a_track_for_everybody_at_every_rate(
    document: ScreenTimeDocument, exchange: Exchange, rate_name: RateName
) -> None:
    form = ExportForm(record_tc="10:00:00:00", unidentified=True, media=MEDIA)
    wanted = programme_of(document, form, rate_name=rate_name)
    read = timeline(write_appearances(document, exchange, form, rate_name=rate_name), ADAPTERS[exchange])
    rate = RATES[rate_name]
    assert read.global_start_time.rate == pytest.approx(float(Fraction(rate.frames, rate.seconds)), abs=0.01)
    assert int(read.global_start_time.value) == wanted.record_frame
    assert [clips_on(track) for track in read.video_tracks()] == [
        [(clip.name, clip.first, wanted.start_frame + clip.first, clip.frames) for clip in clips]
        for _, clips in wanted.people()
    ]
    markers = [
        (mark.name, int(mark.marked_range.start_time.value), int(mark.marked_range.duration.value))
        for mark in read.tracks.markers
    ]
    assert markers == [(clip.name, clip.first, clip.frames) for clip in wanted.clips]
    references = {clip.media_reference.target_url for clip in read.find_clips()}
    assert references == {MEDIA}


def test_a_timeline_without_a_place_for_the_video_says_that_it_is_missing(document: ScreenTimeDocument) -> None:
    read = timeline(write_appearances(document, "otio", ExportForm(), rate_name="25"), "otio_json")
    media = [clip.media_reference for clip in read.find_clips()]
    assert media and all(one.is_missing_reference for one in media)
    assert {int(one.available_range.start_time.value) for one in media} == {90_000}


@pytest.mark.parametrize("rate_name", ["29.97", "59.94"])
def test_drop_frame_is_said_and_counted(document: ScreenTimeDocument, rate_name: RateName) -> None:
    form = ExportForm(start_tc="00:59:59;28", drop_frame=True)
    text = write_appearances(document, "fcp7", form, rate_name=rate_name)
    found = ElementTree.fromstring(text.split("<!DOCTYPE xmeml>\n")[1])
    assert found.findtext("sequence/timecode/displayformat") == "DF"
    assert found.findtext("sequence/timecode/string") == "00:59:59;28"
    read = timeline(text, "fcp_xml")
    assert read.global_start_time.to_timecode(read.global_start_time.rate, True) == "00:59:59;28"


def test_a_cut_list_is_read_with_source_and_record(document: ScreenTimeDocument) -> None:
    text = write_appearances(document, "edl", ExportForm(record_tc="10:00:00:00"), rate_name="25")
    (track,) = timeline(text, "cmx_3600", rate=25).video_tracks()
    assert [(here, source - 90_000, frames) for _, here, source, frames in clips_on(track)] == [
        (0, 50, 112),
        (112, 100, 100),
        (212, 1475, 50),
    ]
    assert "10:00:00:00" in text


def test_a_marker_list_has_an_event_of_one_frame_for_every_appearance(document: ScreenTimeDocument) -> None:
    text = write_appearances(document, "marker-edl", ExportForm(), rate_name="25")
    (track,) = timeline(text, "cmx_3600", rate=25).video_tracks()
    assert [(source - 90_000, frames) for _, _, source, frames in clips_on(track)] == [(50, 1), (100, 1), (1475, 1)]
    marks = [line.strip() for line in text.split("\r\n") if line.startswith(" |C:")]
    assert marks == [
        "|C:ResolveColorBlue |M:Ada Marsh |D:112",
        "|C:ResolveColorGreen |M:José Reyes |D:100",
        "|C:ResolveColorBlue |M:Ada Marsh |D:50",
    ]


def test_no_name_breaks_a_marker_out_of_its_field() -> None:
    document = exported_episode().model_copy(update={"cast": (cast_row("ada", HOSTILE, (1.0, 2.0)),)})
    edl = write_appearances(document, "marker-edl", ExportForm(), rate_name="25")
    assert edl.count("|") == 3
    avid = write_appearances(document, "avid-markers", ExportForm(), rate_name="25")
    assert avid.endswith("\r\n") and avid.count("\n") == 1
    assert avid.count("\t") == 5
    for exchange in FRAMES:
        read = timeline(write_appearances(document, exchange, ExportForm(), rate_name="25"), ADAPTERS[exchange])
        assert [clip.name for clip in read.find_clips()] == ['Ada & <b>|M: "x" O\'Neil']


def test_avid_markers_name_timecodes_of_the_timeline(document: ScreenTimeDocument) -> None:
    text = write_appearances(document, "avid-markers", ExportForm(record_tc="10:00:00:00"), rate_name="25")
    rows = [line.split("\t") for line in text.splitlines()]
    assert [(row[1], row[2], row[4], row[5]) for row in rows] == [
        ("10:00:02:00", "V1", "Ada Marsh", "112"),
        ("10:00:04:00", "V1", "José Reyes", "100"),
        ("10:00:59:00", "V1", "Ada Marsh", "50"),
    ]


def test_ttml_and_webvtt_say_the_same_to_a_reader_of_captions(document: ScreenTimeDocument) -> None:
    document = document.model_copy(update={"starts_at_s": 0.5})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its parser is told that XML is HTML
        ttml = DFXPReader().read(write_appearances(document, "ttml", ExportForm(), rate_name="25"))
    webvtt = WebVTTReader().read(write_appearances(document, "webvtt", ExportForm(), rate_name="25"))
    cues = [
        [(one.start, one.end, one.get_text()) for one in read.get_captions(read.get_languages()[0])]
        for read in (ttml, webvtt)
    ]
    assert cues[0] == cues[1]
    assert cues[0][1] == (4_500_000, 6_980_000, "Ada Marsh\nJosé Reyes")


def test_ttml_names_the_people_for_programs(document: ScreenTimeDocument) -> None:
    root = ElementTree.fromstring(write_appearances(document, "ttml", ExportForm(), rate_name="25").split("\n", 1)[1])
    meta, xml = "{http://www.w3.org/ns/ttml#metadata}", "{http://www.w3.org/XML/1998/namespace}"
    agents = {one.get(f"{xml}id"): one.findtext(f"{meta}name") for one in root.iter(f"{meta}agent")}
    assert agents == {"p-ada": "Ada Marsh", "p-jose": "José Reyes"}
    said = [one.get(f"{meta}agent") for one in root.iter("{http://www.w3.org/ns/ttml}p")]
    assert said == ["p-ada", "p-ada p-jose", "p-jose", "p-ada"]


def test_elan_has_a_tier_for_everybody(document: ScreenTimeDocument, tmp_path: Path) -> None:
    document = document.model_copy(update={"starts_at_s": 0.5})
    file = tmp_path / "x.eaf"
    file.write_text(write_appearances(document, "eaf", ExportForm(unidentified=True, media=MEDIA), rate_name="25"))
    read = Eaf(str(file))
    assert sorted(read.get_tier_names()) == ["ada", "identity-00003", "jose"]
    assert sorted(read.get_annotation_data_for_tier("ada")) == [
        (2500, 6980, "Ada Marsh"),
        (59_500, 61_500, "Ada Marsh"),
    ]
    assert read.get_parameters_for_tier("jose")["PARTICIPANT"] == "José Reyes"
    assert [linked["MEDIA_URL"] for linked in read.get_linked_files()] == [MEDIA]


def test_the_table_is_read_with_its_types(document: ScreenTimeDocument) -> None:
    text = write_appearances(document, "tidy", ExportForm(unidentified=True), rate_name="25")
    rows = pyarrow.csv.read_csv(io.BytesIO(text.encode())).to_pylist()
    assert [(row["person_id"], row["appearance"], row["start_s"], row["end_s"]) for row in rows] == [
        ("ada", 1, 2.0, 6.48),
        ("ada", 2, 59.0, 61.0),
        ("jose", 1, 4.0, 8.0),
        ("identity-00003", 1, 30.0, 31.0),
    ]
    assert {(row["show"], row["season"], row["episode"], row["revision"]) for row in rows} == {
        ("harbour-lights", 2, 5, 3)
    }


def test_a_name_is_no_formula_in_the_table() -> None:
    document = exported_episode().model_copy(update={"cast": (cast_row("ada", "=1+2", (1.0, 2.0)),)})
    assert '"\'=1+2"' in write_appearances(document, "tidy", ExportForm(), rate_name="25")


def test_iptc_names_everybody_once_and_then_by_fragment(document: ScreenTimeDocument) -> None:
    text = write_appearances(document, "iptc", ExportForm(media="https://a.example/hl.mp4"), rate_name="25")
    whole, *parts = json.loads(text)
    shown = whole["photoVideoMetadataIPTC"]["personsShown"]
    assert [person["name"]["x-default"] for person in shown] == ["Ada Marsh", "José Reyes"]
    assert "mediafragment" not in whole
    found = {
        part["mediafragment"]["uri"]: [
            person["identifiers"][0] for person in part["photoVideoMetadataIPTC"]["personsShown"]
        ]
        for part in parts
    }
    assert found == {
        "https://a.example/hl.mp4#t=2,4": ["ada"],
        "https://a.example/hl.mp4#t=4,6.48": ["ada", "jose"],
        "https://a.example/hl.mp4#t=6.48,8": ["jose"],
        "https://a.example/hl.mp4#t=59,61": ["ada"],
    }
    assert {part["mediafragment"]["delimitertype"] for part in parts} == {"temporal"}


def test_ebucore_is_a_graph_of_the_episode_its_cast_and_its_parts(document: ScreenTimeDocument) -> None:
    graph = Graph().parse(data=write_appearances(document, "ebucore", ExportForm(), rate_name="25"), format="xml")
    ebucore, episode = Namespace(EBUCORE), URIRef(f"urn:screenalytics:{EP}")
    people = {str(graph.value(person, RDFS.label)) for person in graph.objects(episode, ebucore.hasCastMember)}
    assert people == {"Ada Marsh", "José Reyes"}
    found = {
        (float(graph.value(part, ebucore.start)), float(graph.value(part, ebucore.end))): sorted(
            str(agent).rpartition(":")[2] for agent in graph.objects(part, ebucore.hasParticipatingAgent)
        )
        for part in graph.objects(episode, ebucore.hasPart)
    }
    assert found == {(2.0, 4.0): ["ada"], (4.0, 6.48): ["ada", "jose"], (6.48, 8.0): ["jose"], (59.0, 61.0): ["ada"]}
    kinds = [kind for kind in ("EditorialObject", "Person", "Part") for _ in graph.subjects(RDF.type, ebucore[kind])]
    assert kinds == ["EditorialObject", "Person", "Person", "Part", "Part", "Part", "Part"]


def test_ids_roles_and_characters_are_where_each_form_has_a_place_for_them(document: ScreenTimeDocument) -> None:
    forms: tuple[Exchange, ...] = ("otio", "iptc", "ebucore", "tidy")
    texts = {form: write_appearances(document, form, ExportForm(), rate_name="25") for form in forms}
    read = timeline(texts["otio"], "otio_json")
    ours = read.metadata["screenalytics"]
    assert dict(ours["external_ids"]) == {"eidr": EIDR, "imdb": "tt9999905"}
    assert dict(ours["show_external_ids"]) == {"wikidata": "Q99999902"}
    tracks = {track.name: track.metadata["screenalytics"] for track in read.video_tracks()}
    assert (tracks["José Reyes"]["role"], list(tracks["José Reyes"]["characters"])) == ("guest", ["Captain Holm"])
    assert dict(tracks["Ada Marsh"]["attributes"]) == {"pronouns": "she/her"}

    whole = json.loads(texts["iptc"])[0]["photoVideoMetadataIPTC"]
    assert [entry["assetIdentifier"] for entry in whole["registryEntries"]] == [f"https://doi.org/{EIDR}", IMDB]
    jose = whole["personsShown"][1]
    assert jose["identifiers"] == ["jose", *JOSE.external_ids.addresses().values()]

    graph, ebucore = Graph().parse(data=texts["ebucore"], format="xml"), Namespace(EBUCORE)
    person, episode = URIRef("urn:screenalytics:harbour-lights:jose"), URIRef(f"urn:screenalytics:{EP}")
    assert str(graph.value(person, ebucore.hasRole)) == "guest"
    assert str(graph.value(person, ebucore.hasCharacter)) == "Captain Holm"
    assert {str(one) for one in graph.objects(episode, ebucore.hasIdentifier)} == {EP, f"https://doi.org/{EIDR}", IMDB}
    series = graph.value(episode, ebucore.isEpisodeOf)
    assert "http://www.wikidata.org/entity/Q99999902" in map(str, graph.objects(series, ebucore.hasIdentifier))

    row = pyarrow.csv.read_csv(io.BytesIO(texts["tidy"].encode())).to_pylist()[-1]
    assert (row["person_imdb"], row["characters"], row["episode_eidr"]) == ("nm9999901", "Captain Holm", EIDR)
    cues = write_appearances(document, "webvtt", ExportForm(cues="json"), rate_name="25")
    assert '"role": "guest", "characters": ["Captain Holm"], "external_ids": {"imdb": "nm9999901"' in cues


def test_only_those_asked_for_are_written_and_an_unknown_one_is_refused(document: ScreenTimeDocument) -> None:
    form = ExportForm(people=("jose", "identity-00003", "jose"))
    programme = programme_of(document, form, rate_name="25")
    assert [clip.key for clip in programme.clips] == ["jose", "identity-00003"]


@pytest.mark.parametrize(
    ("cutting", "wanted"),
    [
        (Cutting(), [(50, 162), (1475, 1525)]),
        (Cutting(min_s=2.0), [(50, 162), (1475, 1525)]),
        (Cutting(min_s=2.001), [(50, 162)]),
        (Cutting(gap_s=52.52), [(50, 1525)]),
        (Cutting(gap_s=52.5), [(50, 162), (1475, 1525)]),
        (Cutting(handles_s=3.0), [(0, 237), (1400, 1600)]),
        (Cutting(handles_s=60.0), [(0, 2500)]),
        (Cutting(gap_s=60.0, min_s=100.0), []),
    ],
)
def test_appearances_are_joined_then_left_out_then_lengthened(
    document: ScreenTimeDocument, cutting: Cutting, wanted: list[tuple[int, int]]
) -> None:
    programme = programme_of(document, ExportForm(people=("ada",), cutting=cutting), rate_name="25")
    assert [(clip.first, clip.end) for clip in programme.clips] == wanted


def test_every_form_is_written_of_nobody(document: ScreenTimeDocument) -> None:
    nobody = document.model_copy(update={"cast": (), "unidentified": ()})
    for exchange in sorted(set(get_args(Exchange)) - BOXES):
        text = write_appearances(nobody, exchange, ExportForm(), rate_name="25")
        assert "Ada" not in text
        assert text or exchange == "avid-markers"
    assert EP in write_appearances(nobody, "otio", ExportForm(), rate_name="25")
