"""What operators do in a terminal, through the HTTP API of all services on real stores."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from screenalytics.local.servers import Stack
from tests.support.grouper_system import APPEARANCES, Take
from tests.support.identity_rig import BLUE, EP, GREEN, RED, RUN, SHOW, Somebody, picture_of
from tests.support.ingest_api import seed_examples
from tests.support.operator_rig import OperatorRig, operator_rig, screenalytics

pytestmark = pytest.mark.integration

ONE, TWO, THREE = "identity-00001", "identity-00002", "identity-00003"
PEOPLE = [Somebody(1, RED, 0, 10), Somebody(2, GREEN, 12, 20), Somebody(3, BLUE, 22, 28)]


@pytest_asyncio.fixture
async def rig(stack: Stack, database: Database) -> AsyncIterator[OperatorRig]:
    """All services; nothing is in them."""
    async with operator_rig(stack, database) as running:
        yield running


@pytest_asyncio.fixture
async def reported(rig: OperatorRig) -> OperatorRig:
    """Three people are reported; a cast of two was uploaded after that, so that they are suggested and not linked."""
    await rig.identity.group(PEOPLE)
    await rig.identity.bus.deliver()
    await rig.run("cast", "create", SHOW, "--name", "My Show")
    for name, colour in (("Rita", RED), ("Greta", GREEN)):
        await rig.run("cast", "add", SHOW, name)
        sent = [("pictures", (f"{seed}.png", picture_of(colour, seed), "image/png")) for seed in range(2)]
        answer = await rig.identity.client.post(f"/shows/{SHOW}/cast/{name.lower()}/pictures", files=sent)
        assert answer.is_success, answer.text
    return rig


@pytest_asyncio.fixture
async def grouped(rig: OperatorRig) -> OperatorRig:
    """The faces of an episode are grouped: five people, one cluster of them shows two."""
    await rig.grouper.group(Take(APPEARANCES))
    return rig


async def seconds_of(rig: OperatorRig, *more: str) -> dict[str, str | None]:
    """Who is linked to whom, as `identities` says it."""
    found = await rig.run("identities", EP, "--json", *more)
    return {row["identity_id"]: row["cast_id"] for row in found.rows}


async def clusters_of(rig: OperatorRig) -> dict[str, list[str]]:
    """The tracks of every cluster, as the API says it."""
    async with rig.grouper.client() as http:
        page = (await http.get(f"/clusters/{EP}?limit=500")).json()["data"]["items"]
    found = {}
    for one in page:
        rows = (await rig.run("tracks", EP, one["identity_id"], "--json")).rows
        found[one["identity_id"]] = [row["track_id"].removeprefix("track-00000-") for row in rows]
    return found


# ---- episodes


async def test_an_episode_is_created_listed_and_deleted_only_when_that_is_meant(rig: OperatorRig) -> None:
    created = await rig.run("episodes", "create", "my-show", "3", "4", "--title", "The \x9b31mEnd")
    again = await rig.run("episodes", "create", "my-show", "3", "4", "--title", "The \x9b31mEnd")
    other = await rig.run("episodes", "create", "my-show", "3", "4", "--title", "Else", status=2)
    assert "[episode_exists]" in other.said
    await rig.run("episodes", "create", "other-show", "1", "1")
    assert created.out == "my-show-s03e04 created; version 1\n"
    assert again.out == "my-show-s03e04 was there already; version 1\n"
    table = (await rig.run("episodes", "list", "--show", "my-show")).out.splitlines()
    assert table[0].split() == ["episode", "title", "length", "s", "state", "changed"]
    assert len(table) == 2 and table[1].startswith("my-show-s03e04  The 31mEnd  -         -")
    assert {row["ep_id"] for row in (await rig.run("episodes", "list", "--json")).rows} == {
        "my-show-s03e04",
        "other-show-s01e01",
    }
    shown = await rig.run("episodes", "show", "my-show-s03e04")
    assert re.search(r"^season +3$", shown.out, re.MULTILINE)
    assert "[not_confirmed]" in (await rig.run("episodes", "delete", "my-show-s03e04", status=2)).said
    assert (await rig.run("episodes", "delete", "my-show-s03e04", "--yes")).out == "my-show-s03e04 is deleted\n"
    assert "[unknown_episode]" in (await rig.run("episodes", "show", "my-show-s03e04", status=2)).said


async def test_progress_is_told_once_and_followed_to_the_end_and_a_video_run_again(rig: OperatorRig) -> None:
    names = await seed_examples(rig.ingest, b"video")
    status = (await rig.run("episodes", "status", names["open_ep_id"])).out.splitlines()
    assert status[0].startswith(f"run {names['open_run_id']}: running, 50% of 6.0 s")
    assert [line.split() for line in status if line.startswith("detector")] == [["detector", "3/4", "75%"]]
    assert (await rig.run("episodes", "status", names["ep_id"], "--json")).rows[0]["run"]["state"] == "finished"
    followed = (await rig.run("episodes", "follow", names["ep_id"])).out.splitlines()
    assert followed[0].startswith("100%  ") and followed[-1] == "the run finished"
    assert [row["event"] for row in (await rig.run("episodes", "follow", names["ep_id"], "--json")).rows] == [
        "run",
        "end",
    ]
    rerun = (await rig.run("episodes", "rerun", names["ep_id"], "--profile", "low_power", "--json")).rows[0]
    assert rerun["created"] and rerun["run_id"] > names["run_id"]
    listed = (await rig.run("episodes", "list", "--state", "running", "--json")).rows
    assert [row["ep_id"] for row in listed] == [names["open_ep_id"]]


async def test_an_episode_whose_run_fails_is_followed_to_exit_status_1(rig: OperatorRig) -> None:
    names = await seed_examples(rig.ingest, b"video")
    cancelled = await rig.ingest.client.post(f"/episodes/{names['open_ep_id']}/runs/{names['open_run_id']}/cancel")
    assert cancelled.is_success
    done = await rig.run("episodes", "follow", names["open_ep_id"], status=1)
    assert done.out.splitlines()[-1] == "the run cancelled"


# ---- cast


async def test_a_cast_is_imported_from_folders_with_a_verdict_on_every_picture(
    rig: OperatorRig, tmp_path: Path
) -> None:
    for name, colour in (("Rita Red", RED), ("Greta", GREEN)):
        (tmp_path / name).mkdir()
        for seed in range(2):
            (tmp_path / name / f"{seed}.png").write_bytes(picture_of(colour, seed))
    (tmp_path / "Greta" / "black.png").write_bytes(b"no picture at all")
    assert "[unknown_show]" in (await rig.run("cast", "import", SHOW, str(tmp_path), status=2)).said
    await rig.run("cast", "create", SHOW)
    imported = await rig.run("cast", "import", SHOW, str(tmp_path))
    assert "rita-red  Rita Red  added" in imported.out
    assert re.search(r"^greta +black\.png +(?!ok)\w+", imported.out, re.MULTILINE)
    assert imported.said == "4 of 5 pictures accepted\n"
    members = {row["cast_id"]: row["pictures"] for row in (await rig.run("cast", "list", SHOW, "--json")).rows}
    assert members == {"greta": 2, "rita-red": 2}


async def test_members_and_pictures_come_and_go(rig: OperatorRig, tmp_path: Path) -> None:
    await rig.run("cast", "create", SHOW, "--name", "My Show")
    assert (await rig.run("cast", "shows")).out.splitlines()[1].split() == [SHOW, "My", "Show", "0", "0"]
    (tmp_path / "one.png").write_bytes(picture_of(RED))
    (tmp_path / "bad.png").write_bytes(b"nothing")
    added = await rig.run("cast", "add", SHOW, "Rita", "--pictures", str(tmp_path))
    assert added.out.startswith("Rita added as rita\n") and "1 of 2 pictures accepted" in added.said
    assert "is in the cast already" in (await rig.run("cast", "add", SHOW, "Rita")).out
    refused = await rig.run("cast", "pictures", SHOW, "rita", str(tmp_path / "bad.png"), status=2)
    assert "bad.png" in refused.out and "[no_picture_accepted]" in refused.said
    missing = await rig.run("cast", "pictures", SHOW, "rita", str(tmp_path / "none.png"), status=2)
    assert "[picture_unreadable]" in missing.said
    (there,) = (await rig.run("cast", "pictures", SHOW, "rita", "--json")).rows
    assert (there["filename"], there["used"]) == ("one.png", True)
    described = ("--imdb", "nm9999901", "--role", "guest", "--character", "Holm", "--attribute", "pronouns=she/her")
    await rig.run("cast", "describe", SHOW, "rita", *described)
    (rita,) = (await rig.run("cast", "describe", SHOW, "rita", "--role", "expert", "--json")).rows
    assert rita["details"] == {
        "external_ids": {"imdb": "nm9999901", "wikidata": None},
        "role": "expert",
        "characters": ["Holm"],
        "attributes": {"pronouns": "she/her"},
        "in_episodes": {},
    }
    in_episode = ("cast", "describe", SHOW, "rita", "--episode", EP)
    await rig.run(*in_episode, "--character", "Her twin")
    (rita,) = (await rig.run(*in_episode, "--role", "presenter", "--json")).rows
    assert rita["details"]["in_episodes"] == {EP: {"role": "presenter", "characters": ["Her twin"]}}
    assert (rita["details"]["role"], rita["details"]["characters"]) == ("expert", ["Holm"])
    (rita,) = (await rig.run("cast", "describe", SHOW, "rita", "--role", "guest", "--json")).rows
    assert set(rita["details"]["in_episodes"]) == {EP}, "what is said of the show leaves the episodes alone"
    (rita,) = (await rig.run(*in_episode, "--usual", "--json")).rows
    assert rita["details"]["in_episodes"] == {}
    elsewhere = ("--episode", "another-show-s01e01", "--role", "guest")
    assert "[other_show]" in (await rig.run("cast", "describe", SHOW, "rita", *elsewhere, status=2)).said
    refused = await rig.run("cast", "describe", SHOW, "rita", "--imdb", "tt1", status=2)
    assert "a person's IMDb id looks like nm0000007" in refused.said
    await rig.run("cast", "identify", SHOW, "--eidr", "10.5240/7791-8534-2C23-9030-8610-5")
    (show,) = (await rig.run("cast", "identify", SHOW, "--imdb", "tt9999905", "--json")).rows
    assert show["external_ids"]["imdb"] == "tt9999905" and show["external_ids"]["eidr"]
    assert (await rig.run("cast", "rename", SHOW, "rita", "Rita R.")).out == "rita is called Rita R.\n"
    removed = await rig.run("cast", "pictures", SHOW, "rita", "--remove", there["picture"])
    assert removed.out == "1 picture of rita removed\n"
    assert "rita has no pictures" in (await rig.run("cast", "pictures", SHOW, "rita")).said
    assert (await rig.run("cast", "remove", SHOW, "rita")).out == "rita removed with 0 pictures\n"
    assert (await rig.run("cast", "list", SHOW)).said == f"{SHOW} has no cast\n"


async def test_more_pictures_than_one_request_takes_go_in_several(rig: OperatorRig, tmp_path: Path) -> None:
    await rig.run("cast", "create", SHOW)
    await rig.run("cast", "add", SHOW, "Rita")
    for seed in range(23):
        (tmp_path / f"{seed:02d}.png").write_bytes(picture_of(RED, seed, side=120))
    files = [str(tmp_path / f"{seed:02d}.png") for seed in range(23)]
    verdicts = (await rig.run("cast", "pictures", SHOW, "rita", *files, "--json")).rows
    assert [one["filename"] for one in verdicts] == [f"{seed:02d}.png" for seed in range(23)]


# ---- who people are


async def test_people_are_listed_with_suggestions_and_the_versions_of_what_was_shown(reported: OperatorRig) -> None:
    listed = await reported.run("identities", EP)
    head, first = listed.out.splitlines()[:2]
    assert head.split("  ")[0] == "identity" and first.startswith(ONE)
    assert re.search(r"Rita +\d+%|Rita \d+%", first)
    assert re.fullmatch(r"revision \d+; links version 0, edits version 0\n", listed.said)
    await reported.run("link", EP, "1", "rita")
    assert set(await seconds_of(reported, "--unidentified")) == {TWO, THREE}


async def test_a_link_says_what_it_did_and_in_which_report_and_is_in_the_log_with_its_reason(
    reported: OperatorRig,
) -> None:
    linked = await reported.run("link", EP, ONE, "rita", "--why", "her voice")
    assert re.fullmatch(rf"{ONE} is now rita; links version 1, in revision \d+ of the report\n", linked.out)
    changed = await reported.run("link", EP, "1", "greta", "--no-wait")
    assert changed.out == f"{ONE} is now greta, was rita; links version 2, the report follows\n"
    gone = await reported.run("unlink", EP, "1", "--json")
    assert gone.rows[0]["version"] == 3 and gone.rows[0]["changes"][0]["after"] is None
    history = (await reported.run("history", EP, "--json")).rows
    assert [(one["version"], one["why"]) for one in history] == [(3, None), (2, None), (1, "her voice")]


async def test_a_command_for_an_older_version_is_refused(reported: OperatorRig) -> None:
    await reported.run("link", EP, "1", "rita")
    late = await reported.run("link", EP, "2", "greta", "--if-version", "0", status=2)
    assert late.said.count("\n") == 1
    assert "version 1, not 0" in late.said and "[version_conflict]" in late.said
    assert (await seconds_of(reported))[TWO] is None


async def test_suggestions_are_listed_applied_above_a_probability_and_dismissed(reported: OperatorRig) -> None:
    listed = (await reported.run("suggest", EP)).out
    assert re.search(rf"^{ONE}  Rita \d+%", listed, re.MULTILINE)
    dismissed = await reported.run("suggest", EP, "--dismiss", "1", "rita", "--why", "no")
    assert dismissed.out.startswith(f"rita is not suggested for {ONE}; links version 1")
    assert {row["identity_id"]: row["dismissed"] for row in (await reported.run("suggest", EP, "--json")).rows}[
        ONE
    ] == ["rita"]
    restored = await reported.run("suggest", EP, "--restore", "1", "rita")
    assert restored.out.startswith(f"rita may be suggested again for {ONE}; links version 2")
    applied = await reported.run("suggest", EP, "--apply-above", "0.8", "--margin", "0.2")
    assert f"{ONE} is now rita" in applied.out and f"{TWO} is now greta" in applied.out
    assert "2 applied; links version 3, in revision" in applied.out
    assert re.search(rf"^{THREE}  \S", applied.out, re.MULTILINE)
    assert await seconds_of(reported) == {ONE: "rita", TWO: "greta", THREE: None}


async def test_suggest_does_one_thing_at_a_time() -> None:
    both = screenalytics("suggest", EP, "--apply-above", "0.8", "--dismiss", "1", "rita")
    alone = screenalytics("suggest", EP, "--margin", "0.8")
    assert (both.status, alone.status) == (2, 2)


# ---- clusters


async def test_a_merge_is_previewed_made_undone_and_redone(grouped: OperatorRig) -> None:
    before = await clusters_of(grouped)
    preview = await grouped.run("merge", EP, "1", "3", "--preview")
    assert re.search(rf"^{THREE} .*vanishes +3\.\d+ +0\.00", preview.out, re.MULTILINE)
    assert preview.out.endswith("nothing is changed yet\n")
    assert await clusters_of(grouped) == before
    merged = await grouped.run("merge", EP, "1", "3", "--why", "twins")
    assert merged.out == f"{THREE} merged into {ONE}; edits version 1, in revision 2 of the report\n"
    after = await clusters_of(grouped)
    assert sorted(after[ONE]) == sorted(before[ONE] + before[THREE]) and THREE not in after
    undone = await grouped.run("undo", EP)
    assert (
        re.fullmatch(r"undone: merge of .*\(.*: twins\); edits version 2, in revision 3 of the report\n", undone.out)
        and await clusters_of(grouped) == before
    )
    stale = await grouped.run("redo", EP, "--edits", "--if-version", "1", status=2)
    assert "[version_conflict]" in stale.said and await clusters_of(grouped) == before
    redone = await grouped.run("redo", EP, "--edits")
    assert redone.out.startswith("made again: merge of ") and await clusters_of(grouped) == after
    assert "[nothing_to_redo]" in (await grouped.run("redo", EP, status=2)).said


async def test_tracks_are_split_moved_dropped_and_brought_back(grouped: OperatorRig) -> None:
    split = await grouped.run("split", EP, "1", "0-1", "--json")
    assert split.rows[0]["is_grouped"] is True
    new = next(name for name, tracks in (await clusters_of(grouped)).items() if tracks == ["001"])
    moved = await grouped.run("move", EP, "0-1", "--to", "2")
    assert moved.out.startswith(f"1 track moved to {TWO}; edits version 2")
    assert "001" in (await clusters_of(grouped))[TWO] and new not in await clusters_of(grouped)
    away = await grouped.run("move", EP, "0-1", "--to", "new", "--preview")
    assert re.search(r"appears", away.out)
    await grouped.run("drop", EP, "0-1", "0-2", "--why", "a poster")
    left = {row["member"]["track_id"] for row in (await grouped.run("tracks", EP, "--json")).rows}
    assert {"track-00000-001", "track-00000-002"} <= left
    back = await grouped.run("restore", EP, "0-2")
    assert back.out.startswith("1 track brought back; edits version 4")
    assert any("002" in tracks for tracks in (await clusters_of(grouped)).values())


async def test_a_cluster_of_one_person_is_not_split_in_two(grouped: OperatorRig) -> None:
    preview = await grouped.run("split", EP, "3", "--in-two", "--preview")
    refused = await grouped.run("split", EP, "3", "--in-two", status=2)
    assert preview.out.strip() and "[looks_like_one_person]" in refused.said
    assert screenalytics("split", EP, "3").status == 2


async def test_two_people_in_one_cluster_are_found_and_split(grouped: OperatorRig) -> None:
    before = await clusters_of(grouped)
    await grouped.run("merge", EP, "1", "2")
    preview = await grouped.run("split", EP, "1", "--in-two", "--preview")
    assert "appears" in preview.out
    await grouped.run("split", EP, "1", "--in-two")
    assert len(await clusters_of(grouped)) == len(before)


async def test_a_locked_cluster_refuses_until_it_is_unlocked_and_may_have_a_name(grouped: OperatorRig) -> None:
    assert (await grouped.run("lock", EP, "1")).out.startswith(f"{ONE} is locked; edits version 1")
    assert "[identity_locked]" in (await grouped.run("merge", EP, "2", "1", status=2)).said
    await grouped.run("unlock", EP, "1")
    named = await grouped.run("rename", EP, "1", "The Waiter", "--no-wait")
    assert named.out == f"{ONE} is called The Waiter; edits version 3, the report follows\n"
    await grouped.run("apart", EP, "1", "2")
    await grouped.run("rename", EP, "1", "Otto")
    history = (await grouped.run("history", EP)).out.splitlines()
    assert [line.split()[3] for line in history[1:]] == ["5", "4", "3", "2", "1"]


async def test_the_history_tells_each_change_from_what_to_what(grouped: OperatorRig) -> None:
    track = f"track-00000-{(await clusters_of(grouped))[ONE][0]}"
    for verb in (
        ["rename", EP, "1", "The Waiter"],
        ["rename", EP, "1", "Otto"],
        ["move", EP, track, "--to", "2"],
        ["undo", EP],
        ["merge", EP, "1", "2"],
        ["apart", EP, "1", "3"],
        ["rename", EP, "1", ""],
    ):
        await grouped.run(*verb)
    told = [(one["action"], one["what"]) for one in (await grouped.run("history", EP, "--json")).rows]
    assert told == [
        ("apply", f'rename of {ONE} from "Otto" to no name'),
        ("apply", f"{ONE} and {THREE} kept apart"),
        ("apply", f"merge of {TWO} into {ONE}"),
        ("undo", f"move of {track} from {ONE} to {TWO}"),
        ("apply", f"move of {track} from {ONE} to {TWO}"),
        ("apply", f'rename of {ONE} from "The Waiter" to "Otto"'),
        ("apply", f'rename of {ONE} from no name to "The Waiter"'),
    ]


# ---- the two logs as one


async def test_undo_takes_the_latest_command_of_both_logs(reported: OperatorRig) -> None:
    await reported.grouper.group(Take(APPEARANCES), run_id=RUN)
    await reported.run("link", EP, "1", "rita", "--why", "sure")
    await reported.run("lock", EP, "4")
    await reported.run("link", EP, "2", "greta")
    undone = [(await reported.run("undo", EP)).out for _ in range(3)]
    assert f"{TWO} is now nobody, was greta" in undone[0]
    assert undone[1].startswith("undone: lock of identity-00004 (")
    assert f"{ONE} is now nobody, was rita" in undone[2] and ": sure): " in undone[2]
    assert "[nothing_to_undo]" in (await reported.run("undo", EP, status=2)).said
    redone = [(await reported.run("redo", EP)).out for _ in range(2)]
    assert f"{ONE} is now rita" in redone[0]
    assert "made again: lock of identity-00004" in redone[1]
    assert "[nothing_to_undo]" not in (await reported.run("undo", EP, "--links")).said
    states = [(one["log"], one["action"], one["state"]) for one in (await reported.run("history", EP, "--json")).rows]
    assert states[0] == ("links", "undo", "") and states[-1] == ("links", "link", "undone")
    assert [one for one in states if one[1] == "apply"] == [("edits", "apply", "")]


async def test_undo_by_version_says_whose_version() -> None:
    refused = screenalytics("undo", EP, "--if-version", "3", SCREENALYTICS_API_URL="http://127.0.0.1:9")
    assert refused.status == 2 and "[which_version]" in refused.said
    assert screenalytics("undo", EP, "--edits", "--links").status == 2


# ---- export


async def test_the_report_and_the_appearances_are_exported(reported: OperatorRig, tmp_path: Path) -> None:
    await reported.run("link", EP, "1", "rita")
    report = json.loads((await reported.run("export", EP, "json")).out)
    assert [row["cast_id"] for row in report["cast"]] == ["rita"]
    (_, first_row, *_) = csv.reader((await reported.run("export", EP, "csv")).out.splitlines())
    assert first_row[3:6] == ["cast", "rita", "Rita"]
    assert (await reported.run("export", EP, "parquet")).raw[:4] == b"PAR1"
    out = tmp_path / "report.html"
    written = await reported.run("export", EP, "html", "--out", str(out))
    assert out.read_text().startswith("<!doctype html>") and written.said.startswith(f"{out}: ")
    assert (await reported.run("export", EP, "webvtt", "--cast", "rita")).out.startswith("WEBVTT")
    assert "TITLE:" in (await reported.run("export", EP, "edl", "--fps", "25")).out
    both = await reported.run("export", EP, "otio", "--cast", "rita", "--record-tc", "10:00:00:00", "--handles", "0.5")
    assert [track["name"] for track in json.loads(both.out)["tracks"]["children"]] == ["Rita"]
    assert "<fcpxml" in (await reported.run("export", EP, "fcpxml", "--fps", "25")).out
    first = json.loads((await reported.run("export", EP, "json", "--revision", "1")).out)
    assert (first["revision"], first["cast"]) == (1, [])


async def test_totals_are_of_an_episode_or_a_show_by_what_is_said(reported: OperatorRig) -> None:
    await reported.run("suggest", EP, "--apply-above", "0.5")
    await reported.run("cast", "describe", SHOW, "rita", "--role", "guest")
    await reported.identity.bus.deliver()
    elsewhere = SHOW + "-s09e09"
    await reported.run("cast", "describe", SHOW, "rita", "--episode", elsewhere, "--role", "presenter")
    for what in (EP, SHOW):
        (found,) = (await reported.run("totals", what, "--json")).rows
        groups = {one["value"]: (one["people"], one["seconds"]) for one in found["groups"]}
        assert groups == {"guest": (1, 10.0)}
        assert (found["not_said"]["seconds"], found["unidentified"]["seconds"]) == (8.0, 6.0)
    await reported.run("cast", "describe", SHOW, "rita", "--episode", EP, "--role", "presenter")
    await reported.identity.bus.deliver()
    (found,) = (await reported.run("totals", EP, "--json")).rows
    assert [(one["value"], one["seconds"]) for one in found["groups"]] == [("presenter", 10.0)]
    assert "(not said)" in (await reported.run("totals", EP)).out
    refused = await reported.run("totals", EP, "--season", "1", status=2)
    assert "[season_of_an_episode]" in refused.said


async def test_what_a_form_does_not_take_is_refused(reported: OperatorRig, tmp_path: Path) -> None:
    for wrong in (
        ["coco", "--gap", "1"],
        ["csv", "--cast", "rita"],
        ["webvtt", "--fps", "25"],
        ["ttml", "--record-tc", "10:00:00:00"],
    ):
        assert "[not_for_this_form]" in (await reported.run("export", EP, *wrong, status=2)).said
    refused = await reported.run("export", EP, "mot", "--out", str(tmp_path / "m.txt"), status=2)
    assert "[wrong_ending]" in refused.said and "m.zip" in refused.said and not (tmp_path / "m.txt").exists()
    nowhere = str(tmp_path / "none" / "x.json")
    assert "[out_not_writable]" in (await reported.run("export", EP, "json", "--out", nowhere, status=2)).said
    assert "[unknown_revision]" in (await reported.run("export", EP, "json", "--revision", "99", status=2)).said
