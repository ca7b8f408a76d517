"""Edits through real stores: accepted once, in order, grouped again, kept over runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from chassis.mongo.database import Database
from contracts.events import ClustersEdited, EpisodeDeleted, EpisodeGrouped
from contracts.rows import FaceRow, IdentitiesDocument, TrackRow
from screenalytics.local.servers import Stack
from services.grouper.clustering.grouping import Clusters, cluster_faces
from services.grouper.edits.kinds import (
    Drop,
    Edit,
    Merge,
    MoveRange,
    MoveTrack,
    Overrides,
    Recluster,
    Rename,
    Split,
    TrackGroup,
)
from services.grouper.edits.log import EditRecord
from services.grouper.tracks.points import TrackPoints
from tests.support.grouper_system import (
    EP_ID,
    FIRST_RUN,
    SECOND_RUN,
    Appearance,
    GrouperSystem,
    Take,
    grouper_system,
)

pytestmark = pytest.mark.integration

# Tracks 1 and 3 show one person, 2 and 4 another, 5 a third.
APPEARANCES = [Appearance(person, 4.0 * place, 4.0 * place + 3.0) for place, person in enumerate([1, 2, 1, 2, 3])]
TAKE = Take(APPEARANCES)


@pytest_asyncio.fixture
async def system(stack: Stack, database: Database) -> AsyncIterator[GrouperSystem]:
    async with grouper_system(stack, database) as running:
        yield running


def tracks(*numbers: int | str) -> tuple[str, ...]:
    return tuple(f"track-00000-{n:03d}" if isinstance(n, int) else f"track-00000-{n}" for n in numbers)


def group(*numbers: int | str, identity: int | None = None) -> TrackGroup:
    return TrackGroup(identity_id=None if identity is None else f"identity-{identity:05d}", track_ids=tracks(*numbers))


async def edit(
    system: GrouperSystem,
    edit: Edit | None,
    *,
    action: str = "apply",
    edit_id: str | None = None,
    run_id: str = FIRST_RUN,
) -> ClustersEdited:
    """Accept an edit as the API does; the event it leaves with."""
    book = await system.edits.read(EP_ID)
    record = EditRecord.model_validate(
        {
            "edit_id": edit_id or f"edit-{book.version + 1}",
            "action": action,
            "by": "kim",
            "at": "2026-01-01T00:00:00Z",
            "edit": edit,
            "run_id": run_id,
            "version": book.version + 1,
            "command_id": f"command-{book.version + 1}",
        }
    )
    event = ClustersEdited(
        ep_id=EP_ID,
        run_id=run_id,
        version=record.version,
        edit_id=record.edit_id,
        action=record.action,
        kind="any",
        who="kim",
        at=record.at,
    )
    assert await system.edits.append(EP_ID, book, record, event)
    return event


async def people(system: GrouperSystem, event: EpisodeGrouped) -> dict[str, set[str]]:
    """The short names of everybody's tracks."""
    document = await identities(system, event)
    return {
        one.identity_id[-2:]: {track.removeprefix("track-00000-") for track in one.track_ids}
        for one in document.identities
    }


async def identities(system: GrouperSystem, event: EpisodeGrouped) -> IdentitiesDocument:
    return await system.storage.get_document(event.artifacts["identities"], IdentitiesDocument)


async def regrouped(system: GrouperSystem, event: ClustersEdited) -> EpisodeGrouped:
    (grouped,) = await system.bus.deliver(event)
    assert isinstance(grouped, EpisodeGrouped)
    return grouped


MERGE = Merge(target=group(1, 3, identity=1), sources=(group(5, identity=3),))
ALONE = {"01": {"001", "003"}, "02": {"002", "004"}, "03": {"005"}}
MERGED = {"01": {"001", "003", "005"}, "02": {"002", "004"}}


async def test_an_edit_makes_the_next_revision_and_only_what_it_changes_is_written(system: GrouperSystem) -> None:
    first = await system.group(TAKE)
    assert (first.revision, first.edits_version) == (1, 0)
    assert await people(system, first) == ALONE
    event = await edit(system, MERGE)
    second = await regrouped(system, event)
    assert (second.revision, second.edits_version) == (2, 1)
    assert await people(system, second) == MERGED
    changed = {name for name, ref in second.artifacts.items() if ref != first.artifacts[name]}
    assert changed <= {"identities", "cluster_centroids", "track_metrics", "doubts"}
    assert await regrouped(system, event) == second
    assert (await system.bus.deliver(await system.embedded(TAKE)))[0] == second


async def test_edits_that_come_together_make_one_revision(system: GrouperSystem) -> None:
    await system.group(TAKE)
    events = [await edit(system, MERGE), await edit(system, Drop(track_ids=tracks(2)))]
    grouped = [await regrouped(system, event) for event in events]
    assert grouped[0] == grouped[1]
    assert (grouped[0].revision, grouped[0].edits_version) == (2, 2)


async def test_of_edits_that_one_grouping_includes_the_last_says_it_again_and_the_others_nothing(
    system: GrouperSystem,
) -> None:
    await system.group(TAKE)
    events = [await edit(system, Drop(track_ids=tracks(number))) for number in (2, 4, 5)]
    first = await regrouped(system, events[0])
    assert first.edits_version == 3
    assert await system.bus.deliver(events[0]) == []  # its answer got lost: the last one says it
    assert await system.bus.deliver(events[1]) == []
    assert await regrouped(system, events[2]) == first


async def test_tracks_are_clustered_once_for_all_edits_and_cuts_and_again_for_other_thresholds(
    system: GrouperSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    clustered: list[int] = []

    def counting(points: TrackPoints, *rest: Any) -> Clusters:
        clustered.append(len(points))
        return cluster_faces(points, *rest)

    monkeypatch.setattr("services.grouper.episode.grouping_with_edits.cluster_faces", counting)
    await system.group(TAKE)
    for one in (MERGE, Drop(track_ids=tracks(2))):
        await regrouped(system, await edit(system, one))
    assert clustered == [5]
    await regrouped(system, await edit(system, Recluster(overrides=Overrides(merge_distance=0.3))))
    assert clustered == [5, 5]
    await regrouped(system, await edit(system, MoveRange(track_id=tracks(1)[0], start_s=1.0, end_s=2.0)))
    await regrouped(system, await edit(system, None, action="undo", edit_id="edit-4"))
    assert clustered == [5, 5]


async def test_two_that_group_at_once_agree_on_one_revision(system: GrouperSystem) -> None:
    await system.group(TAKE)
    event = await edit(system, MERGE)
    one, other = await asyncio.gather(regrouped(system, event), regrouped(system, event))
    assert one == other
    assert one.revision == 2


async def test_undo_and_redo_to_any_depth_give_everybody_the_old_id_back(system: GrouperSystem) -> None:
    states = [await people(system, await system.group(TAKE))]
    edits: list[Edit] = [
        MERGE,
        Split(kept=group(2, 4, identity=2), split_off=tracks(4), new_id="identity-00004"),
        Merge(target=group(2, identity=2), sources=(group(1, 3, 5, identity=1),)),
    ]
    states += [await people(system, await regrouped(system, await edit(system, one))) for one in edits]
    assert states[-1] == {"02": {"001", "002", "003", "005"}, "04": {"004"}}
    names = [f"edit-{number}" for number in (1, 2, 3)]
    for depth, name in reversed(list(enumerate(names))):
        event = await edit(system, None, action="undo", edit_id=name)
        assert await people(system, await regrouped(system, event)) == states[depth]
    for depth, name in enumerate(names, start=1):
        event = await edit(system, None, action="redo", edit_id=name)
        assert await people(system, await regrouped(system, event)) == states[depth]


async def test_a_merge_into_somebody_shorter_is_taken_back_to_the_same_ids(system: GrouperSystem) -> None:
    first = await people(system, await system.group(TAKE))
    stranger = Merge(target=group(5, identity=3), sources=(group(1, 3, identity=1),))  # 3 s take up 6 s
    merged = await people(system, await regrouped(system, await edit(system, stranger)))
    assert merged == {"02": {"002", "004"}, "03": {"001", "003", "005"}}
    undone = await edit(system, None, action="undo", edit_id="edit-1")
    assert await people(system, await regrouped(system, undone)) == first


async def test_two_moves_that_were_taken_back_leave_everybody_who_they_are(system: GrouperSystem) -> None:
    first = await people(system, await system.group(TAKE))
    for own, target in (
        (group(1, 3, identity=1), group(5, identity=3)),
        (group(2, 4, identity=2), group(1, 3, 5, identity=3)),
    ):
        move = MoveTrack(track_ids=own.track_ids, source=own, target=target)
        await regrouped(system, await edit(system, move))
    for edit_id in ("edit-1", "edit-2"):
        grouped = await regrouped(system, await edit(system, None, action="undo", edit_id=edit_id))
    assert await people(system, grouped) == first


async def test_corrections_survive_a_run_with_other_tracks(system: GrouperSystem) -> None:
    await system.group(TAKE)
    await regrouped(system, await edit(system, MERGE))
    await regrouped(system, await edit(system, Rename(group=group(2, 4, identity=2), label="The neighbour")))
    again = await system.group(Take(APPEARANCES, offset=40), run_id=SECOND_RUN)
    assert (again.revision, again.edits_version) == (1, 2)
    assert await people(system, again) == {"01": {"041", "043", "045"}, "02": {"042", "044"}}
    assert {one.label for one in (await identities(system, again)).identities} == {None, "The neighbour"}
    undone = await edit(system, None, action="undo", edit_id="edit-1", run_id=SECOND_RUN)
    assert await people(system, await regrouped(system, undone)) == {
        "01": {"041", "043"},
        "02": {"042", "044"},
        "03": {"045"},
    }


async def test_a_time_range_of_a_track_goes_to_somebody_else(system: GrouperSystem) -> None:
    mixed = [*APPEARANCES, Appearance(1, 30.0, 38.0, then=2)]
    first = await system.group(Take(mixed))
    owner = next(name for name, own in (await people(system, first)).items() if "006" in own)
    move = MoveRange(
        track_id=tracks(6)[0],
        start_s=34.0,
        end_s=38.0,
        source=group(*sorted(int(one) for one in (await people(system, first))[owner]), identity=int(owner)),
        target=group(2, 4, identity=2),
    )
    second = await regrouped(system, await edit(system, move))
    found = await people(system, second)
    assert found["02"] == {"002", "004", "006002"}
    assert "006001" in found[owner]
    faces = await system.storage.get_rows(second.artifacts["faces"], FaceRow)
    assert sorted(face.track_id[-6:] for face in faces if face.ts_s > 30) == ["006001"] * 2 + ["006002"] * 2
    rows = {row.track_id: row for row in await system.storage.get_rows(second.artifacts["tracks"], TrackRow)}
    assert (rows[tracks("006002")[0]].samples, rows[tracks("006002")[0]].start_s) == (2, 34.0)
    # The next run finds the same cut, and undoing it brings the track back as it was.
    again = await system.group(Take(mixed, offset=20), run_id=SECOND_RUN)
    assert "026002" in (await people(system, again))["02"]
    undone = await edit(system, None, action="undo", edit_id="edit-1", run_id=SECOND_RUN)
    whole = await regrouped(system, undone)
    assert "026" in (await people(system, whole))[owner]
    assert {face.track_id for face in await system.storage.get_rows(whole.artifacts["faces"], FaceRow)} == {
        row.track_id for row in await system.storage.get_rows(whole.artifacts["tracks"], TrackRow)
    }


async def test_a_deleted_episode_leaves_nothing_behind(system: GrouperSystem) -> None:
    await system.group(TAKE)
    event = await edit(system, MERGE)
    await system.bus.deliver(EpisodeDeleted(ep_id=EP_ID, last_run_id=FIRST_RUN, version=3, who="kim"))
    for name in ("grouper_segments", "grouper_runs", "edits"):
        assert await system.database[name].count_documents({}) == 0
    assert await system.bus.deliver(event) == []


async def test_deleting_old_runs_keeps_what_came_after(system: GrouperSystem) -> None:
    await system.group(TAKE)
    await edit(system, MERGE)
    await system.group(TAKE, run_id=SECOND_RUN)
    await edit(system, Drop(track_ids=tracks(2)), run_id=SECOND_RUN)
    await system.bus.deliver(EpisodeDeleted(ep_id=EP_ID, last_run_id=FIRST_RUN, version=3, who="kim"))
    assert await system.store.run(FIRST_RUN) is None
    assert await system.store.run(SECOND_RUN) is not None
    book = await system.edits.read(EP_ID)
    assert [record.edit for record in book.log] == [Drop(track_ids=tracks(2))]


async def test_a_run_grouped_before_there_were_edits_can_be_edited(system: GrouperSystem) -> None:
    await system.group(TAKE)
    stored = {"base": "", "sample_period_s": "", "highest_number": "", "retired": "", "problems": ""}
    await system.database["grouper_runs"].update_one({"_id": FIRST_RUN}, {"$unset": stored})
    assert await people(system, await regrouped(system, await edit(system, MERGE))) == MERGED
