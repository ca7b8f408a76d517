from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from chassis.domain.intervals import total, union
from contracts.cast import CastDetails
from contracts.rows import CoAppearance, ScreenTimeDocument, ShotRow
from services.identity.report import render_report
from services.identity.report.formatting import (
    exact_seconds,
    percent,
    sentence,
    short_timecode,
    spoken_duration,
    timecode,
)
from services.identity.report.timeline import (
    MAX_MARKS,
    axis_ticks,
    clip,
    draw_lanes,
    marks_path,
    merge_marks,
    shot_cuts,
    zoom_levels,
)
from services.identity.report.together import MAX_PEOPLE, build_together
from tests.unit.identity.report.report_documents import screen_time, shot_rows, track_metrics

JPEG = b"\xff\xd8\xff\xe0 a small picture"
VOID = {"meta", "br", "img", "input", "link"}


class Page(HTMLParser):
    """What a browser would make of the page: tags with attributes, text, nesting errors."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        optional = {"tr", "td"}
        while self.open and self.open[-1] != tag and self.open[-1] in optional:
            self.open.pop()
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def report(
    document: ScreenTimeDocument,
    *,
    title: str = "The Long Night",
    shots: list[ShotRow] | None = None,
    thumbnails: dict[str, bytes] | None = None,
    conflicts: tuple[str, ...] = (),
) -> str:
    return render_report(
        document=document,
        title=title,
        shots=shots or [],
        thumbnails=thumbnails or {},
        metrics=track_metrics(),
        conflicts=conflicts,
    )


def lane_data(html: str) -> list[list[int]]:
    found = re.search(r'<script type="application/json" id="lane-data">(.*?)</script>', html)
    assert found
    lanes: list[list[int]] = json.loads(found[1])
    return lanes


def test_every_person_stands_with_exact_seconds_and_share() -> None:
    document = screen_time()
    text = " ".join(Page(report(document)).text)
    for member in document.cast:
        assert member.name in text
        assert f"{member.visible_s:,.3f} s" in text
        assert f"{member.share * 100:.1f}%" in text


def test_every_appearance_is_listed_with_its_timecodes() -> None:
    document = screen_time()
    html = report(document)
    for member in document.cast:
        for start, end in member.intervals_s:
            assert f"<td>{timecode(start)}<td>{timecode(end)}" in html


def test_unidentified_people_stand_longest_first_with_reason_and_tracks() -> None:
    document = screen_time(unidentified=3)
    page = " ".join(" ".join(Page(report(document)).text).split())
    ranked = sorted(document.unidentified, key=lambda item: -item.visible_s)
    cards = page[page.index("Unidentified people") :]
    positions = [cards.index(item.identity_id) for item in ranked]
    assert positions == sorted(positions)
    assert "Low quality" in cards
    assert f"{ranked[0].tracks} tracks" in cards


def test_warnings_conflicts_changes_models_and_run_are_shown() -> None:
    document = screen_time(warnings=("damaged_segment",), changes=("Boris gained 3.0 s.",), revision=4)
    text = " ".join(Page(report(document, conflicts=("Ada is in two places.",))).text)
    for shown in ("Damaged segment", "Boris gained 3.0 s.", "Ada is in two places.", document.run_id, "centerface-1"):
        assert shown in text
    assert "Changed in revision 4" in text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "'&\""]
)
def test_text_from_outside_never_becomes_markup(hostile: str) -> None:
    document = screen_time(names=(hostile, "Ada"), warnings=(hostile,), changes=(hostile,), unidentified=1)
    document = document.model_copy(
        update={
            "models": {hostile: hostile},
            "unidentified": (document.unidentified[0].model_copy(update={"reason": hostile}),),
            "co_appearance_s": (CoAppearance(a="cast-0", b=hostile, seconds=2.0),),
        }
    )
    page = Page(report(document, title=hostile, conflicts=(hostile,)))
    assert len(page.named("script")) == 2
    assert not page.named("img")
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert hostile in " ".join(page.text)


def test_only_the_page_s_own_script_may_run() -> None:
    html = report(screen_time())
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(script) == 1
    policy = next(meta for meta in Page(html).named("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    allowed = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in str(policy["content"])
    assert "default-src 'none'" in str(policy["content"])


def test_nothing_is_loaded_from_elsewhere() -> None:
    document = screen_time()
    html = report(document, thumbnails={str(document.cast[0].representative): JPEG})
    assert "http://" not in html
    assert "https://" not in html
    assert not [attributes for _, attributes in Page(html).tags if "src" in attributes]
    assert all(str(attributes["href"]).startswith("#") for _, attributes in Page(html).tags if "href" in attributes)
    assert re.findall(r"url\(([^)]{0,23})", html) == ["data:image/jpeg;base64,"]


def test_a_picture_stands_in_the_page_once_however_often_it_is_shown() -> None:
    document = screen_time()
    html = report(document, thumbnails={str(document.cast[0].representative): JPEG})
    assert html.count(base64.b64encode(JPEG).decode()) == 1
    assert html.count('class="face p0"') == 2


@pytest.mark.parametrize("picture", [b"", b"<svg onload=alert(1)>", b"\xff\xd8\xff" + b"x" * 200_000])
def test_a_picture_that_cannot_be_used_is_replaced_by_initials(picture: bytes) -> None:
    document = screen_time(names=("Ada Marsh",), unidentified=0)
    html = report(document, thumbnails={str(document.cast[0].representative): picture})
    assert "data:" not in re.sub(r"img-src data:", "", html)
    assert ">AM</span>" in html


@pytest.mark.parametrize(
    ("names", "unidentified"), [((), 0), ((), 2), (("Ada",), 0), (tuple(f"Person {i}" for i in range(60)), 90)]
)
def test_the_page_is_well_formed_for_any_number_of_people(names: tuple[str, ...], unidentified: int) -> None:
    shots = shot_rows(duration_s=300, count=60)
    page = Page(report(screen_time(names=names, unidentified=unidentified, shots=shots), shots=shots))
    assert page.unbalanced == []
    assert page.open == []
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_an_episode_without_anybody_says_so() -> None:
    html = report(screen_time(names=(), unidentified=0), title=" ")
    text = " ".join(Page(html).text)
    assert "No face was found at all." in text
    assert 'id="timeline"' not in html
    assert text.count("harbour-lights-s02e05") == 3  # window title, heading, about


def test_cast_members_who_were_not_seen_are_named_apart() -> None:
    document = screen_time(names=("Ada",))
    absent = document.cast[0].model_copy(
        update={"cast_id": "zoe", "name": "Zoë", "visible_s": 0.0, "intervals_s": (), "appearances": 0}
    )
    text = " ".join(" ".join(Page(report(document.model_copy(update={"cast": (*document.cast, absent)}))).text).split())
    assert "Not seen: Zoë" in text


def test_roles_and_characters_stand_with_the_people_and_in_tables_of_their_own() -> None:
    document = screen_time(names=("Ada", "Bo"))
    said = (
        CastDetails(role="guest", characters=("<b>Holm</b>", "His twin")),
        CastDetails(role="guest", attributes={"from": "Oslo"}),
    )
    cast = [row.model_copy(update={"details": details}) for row, details in zip(document.cast, said, strict=True)]
    html = report(document.model_copy(update={"cast": tuple(cast)}))
    page = Page(html)
    assert page.unbalanced == []
    text = "".join(page.text)
    assert f"{cast[0].cast_id} · guest" in text and "as <b>Holm</b> / His twin" in text
    assert [heading for heading in ("Role", "Character", "From") if heading not in text] == []
    both = union(cast[0].intervals_s, cast[1].intervals_s)
    assert exact_seconds(total(both)) in text
    assert exact_seconds(round(cast[0].visible_s + cast[1].visible_s, 3)) in text
    assert "By role" not in report(document)


def test_a_duration_of_zero_is_no_error() -> None:
    document = screen_time(names=(), unidentified=0).model_copy(update={"duration_s": 0.0})
    assert "00:00:00.000" in report(document)


def test_twelve_hours_with_tens_of_thousands_of_appearances_stay_bounded() -> None:
    shots = [
        ShotRow(
            shot_id=f"shot-00000-{number:05d}",
            segment=0,
            start_s=number * 3.0,
            end_s=number * 3.0 + 3.0,
            starts_with="cut",
            ends_with="cut",
        )
        for number in range(14_400)
    ]
    document = screen_time(
        names=tuple(f"Person {number}" for number in range(24)), unidentified=60, shots=shots, duration_s=43_200.0
    )
    html = report(document, shots=shots)
    assert len(html) < 6_000_000
    assert sum(len(lane) // 3 for lane in lane_data(html)) <= MAX_MARKS
    assert "more are in screen_time.csv" in html


def test_the_same_input_gives_the_same_page() -> None:
    document = screen_time()
    pictures = {str(member.representative): JPEG + member.name.encode() for member in document.cast}
    backwards = dict(reversed(pictures.items()))
    assert report(document, thumbnails=pictures) == report(document, thumbnails=backwards)


def test_lanes_carry_the_exact_milliseconds_of_an_ordinary_episode() -> None:
    document = screen_time(names=("Ada",), unidentified=0)
    lanes = lane_data(report(document))
    expected = [[round(start * 1000), round(end * 1000), 1] for start, end in document.cast[0].intervals_s]
    assert lanes[1] == [number for mark in expected for number in mark]


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "00:00:00.000"),
        (59.9996, "00:01:00.000"),
        (3661.5, "01:01:01.500"),
        (43199.999, "11:59:59.999"),
        (-0.2, "00:00:00.000"),
    ],
)
def test_timecodes_round_to_the_millisecond(seconds: float, written: str) -> None:
    assert timecode(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1 min 00 s"), (754.4, "12 min 34 s"), (3720, "1 h 02 min")],
)
def test_lengths_are_written_as_people_say_them(seconds: float, written: str) -> None:
    assert spoken_duration(seconds) == written


def test_a_little_is_never_written_as_nothing() -> None:
    assert percent(0.0001) == "<0.1%"
    assert percent(0.0) == "0.0%"


def test_codes_become_words_and_sentences_stay() -> None:
    assert sentence("faces_too_small") == "Faces too small"
    assert sentence("No match, 2 candidates.") == "No match, 2 candidates."


def test_tick_labels_show_hours_only_where_the_episode_has_them() -> None:
    assert short_timecode(90, with_hours=False) == "1:30"
    assert short_timecode(90, with_hours=True) == "0:01:30"


def test_marks_join_where_the_gap_cannot_be_seen() -> None:
    marks = merge_marks([(0.0, 1.0), (1.2, 2.0), (5.0, 6.0)], gap_s=0.5)
    assert [(mark.start_s, mark.end_s, mark.appearances) for mark in marks] == [(0.0, 2.0, 2), (5.0, 6.0, 1)]


def test_intervals_are_cut_to_the_episode() -> None:
    assert clip([(8.0, 12.0), (-1.0, 2.0), (11.0, 12.0), (5.0, 5.0)], duration_s=10.0) == [(0.0, 2.0), (8.0, 10.0)]


def test_lanes_get_coarser_until_they_fit() -> None:
    lane = [(float(second), second + 0.6) for second in range(MAX_MARKS // 2)]
    lanes = draw_lanes([lane] * 3, duration_s=MAX_MARKS / 2)
    assert 0 < sum(map(len, lanes)) <= MAX_MARKS
    assert all(sum(mark.appearances for mark in marks) == len(lane) for marks in lanes)


def test_the_shortest_appearance_is_still_drawn() -> None:
    marks = merge_marks([(10.0, 10.001)], gap_s=0)
    assert marks_path(marks, duration_s=40_000) == "M25 0h1v1h-1z"


def test_borders_of_segments_are_no_cuts() -> None:
    rows = shot_rows(duration_s=30, count=2)
    cut = rows[0].end_s
    halves = [
        rows[0].model_copy(update={"end_s": cut / 2, "ends_with": "segment"}),
        rows[0].model_copy(update={"start_s": cut / 2, "starts_with": "segment"}),
        rows[1],
    ]
    assert shot_cuts(halves, duration_s=30) == (cut,)


@pytest.mark.parametrize("duration_s", [0.04, 9.0, 300.0, 2640.0, 43_200.0])
def test_every_zoom_level_has_a_readable_number_of_ticks(duration_s: float) -> None:
    ticks = axis_ticks(duration_s)
    for level in zoom_levels(duration_s):
        shown = [tick for tick in ticks if level in tick.zooms]
        assert 1 <= len(shown) <= 8 * level + 1
        assert shown[0].position == 0


def test_the_table_of_pairs_is_symmetric_and_knows_the_strongest() -> None:
    pairs = [CoAppearance(a="b", b="a", seconds=4.0), CoAppearance(a="a", b="c", seconds=8.0)]
    together = build_together(pairs, order=["c", "b", "a"], names={"a": "Ada", "b": "Boris", "c": "Chloé"})
    assert together.people == ("Chloé", "Boris", "Ada")
    assert [[cell.seconds for cell in row] for row in together.rows] == [[0, 0, 8.0], [0, 0, 4.0], [8.0, 4.0, 0]]
    assert [(pair.first, pair.second, pair.heat) for pair in together.pairs] == [
        ("Chloé", "Ada", 1.0),
        ("Boris", "Ada", 0.5),
    ]


def test_a_large_cast_gets_a_table_of_bounded_size_that_says_so() -> None:
    keys = [f"p{number:02d}" for number in range(40)]
    pairs = [CoAppearance(a="p00", b=key, seconds=1.0) for key in keys[1:]]
    together = build_together(pairs, order=keys, names={})
    assert len(together.people) == MAX_PEOPLE
    assert together.left_out == 40 - MAX_PEOPLE
