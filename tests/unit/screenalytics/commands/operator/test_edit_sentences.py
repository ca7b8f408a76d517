"""An edit in one sentence, from what to what."""

from __future__ import annotations

from typing import Any

import pytest

from screenalytics.commands.operator.edit_sentences import about_edit
from screenalytics.http_client import models

ONE, TWO = "identity-00001", "identity-00002"
TRACKS = [f"track-00000-{number:03d}" for number in range(1, 6)]


def entry(kind: str, *ids: str, **change: Any) -> models.EditEntry:
    return models.EditEntry(
        version=1,
        edit_id="e",
        action="apply",
        kind=kind,
        who="kim",
        at="2026-01-01T00:00:00Z",
        why=None,
        active=True,
        run_id=None,
        identity_ids=list(ids),
        tracks=0,
        change=models.EditChange(**change),
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (entry("merge", ONE, TWO, source_ids=[TWO], target_id=ONE), f"merge of {TWO} into {ONE}"),
        (entry("split", ONE, source_ids=[ONE], track_ids=TRACKS), f"split of 5 tracks off {ONE}"),
        (
            entry("move_track", ONE, TWO, source_ids=[ONE], target_id=TWO, track_ids=TRACKS[:2]),
            f"move of {TRACKS[0]}, {TRACKS[1]} from {ONE} to {TWO}",
        ),
        (entry("move_track", track_ids=TRACKS[:1]), f"move of {TRACKS[0]} to somebody new"),
        (
            entry("move_range", ONE, source_ids=[ONE], track_ids=TRACKS[:1], start_s=1.5, end_s=2),
            f"move of 1.5-2 s of {TRACKS[0]} from {ONE} to somebody new",
        ),
        (entry("not_same", ONE, TWO), f"{ONE} and {TWO} kept apart"),
        (entry("lock", ONE), f"lock of {ONE}"),
        (entry("rename", ONE, label="Kim"), f'rename of {ONE} from no name to "Kim"'),
        (entry("rename", ONE, label_before="Kim"), f'rename of {ONE} from "Kim" to no name'),
        (entry("drop", track_ids=TRACKS[:1]), f"drop of {TRACKS[0]}"),
        (entry("restore", track_ids=TRACKS), "restore of 5 tracks"),
        (
            entry("recluster", overrides_before={"good_ratio": 1.5}, overrides={"merge_distance": 0.3}),
            "recluster with good_ratio from 1.5 to its setting, merge_distance from its setting to 0.3",
        ),
        (entry("recluster", overrides={}), "recluster"),
        (entry("of_tomorrow", ONE), f"of tomorrow of {ONE}"),
    ],
    ids=lambda value: value.kind if isinstance(value, models.EditEntry) else "",
)
def test_each_kind_says_what_it_changed(told: models.EditEntry, sentence: str) -> None:
    assert about_edit(told) == sentence
