from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from chassis.errors import BadInput, Conflict, NotFound
from contracts.rows import Identity
from services.grouper.edits.kinds import Command, Merge, MoveRange, MoveTrack, Split, TrackGroup
from services.grouper.queries.cluster_view import people_of
from tests.unit.grouper.rows import track

COMMANDS: TypeAdapter[Command] = TypeAdapter(Command)
ROWS = [track(number, 2.0 * number, 2.0 * number + 1.5) for number in range(1, 7)]
ONE, TWO, LOCKED = "identity-00001", "identity-00002", "identity-00003"


def _ids(*numbers: int) -> tuple[str, ...]:
    return tuple(f"track-00000-{number:03d}" for number in numbers)


def _identity(name: str, *tracks: int, locked: bool = False) -> Identity:
    return Identity(identity_id=name, track_ids=_ids(*tracks), tracks=len(tracks), faces=0, locked=locked)


# Track 6 was dropped.
PEOPLE = replace(
    people_of([_identity(ONE, 1, 3), _identity(TWO, 2, 4), _identity(LOCKED, 5, locked=True)], ROWS), next_number=9
)
NEXT = "identity-00009"


def _edit(kind: str, **values: Any) -> Any:
    return COMMANDS.validate_python({"kind": kind, **values}).edit(PEOPLE)


def test_identities_become_their_tracks_of_now() -> None:
    assert _edit("merge", target=ONE, sources=[TWO, TWO]) == Merge(
        target=TrackGroup(identity_id=ONE, track_ids=_ids(1, 3)),
        sources=(TrackGroup(identity_id=TWO, track_ids=_ids(2, 4)),),
    )
    assert _edit("split", identity_id=ONE, track_ids=_ids(3)) == Split(
        kept=TrackGroup(identity_id=ONE, track_ids=_ids(1, 3)), split_off=_ids(3), new_id=NEXT
    )


def test_moved_tracks_leave_whoever_has_them() -> None:
    owner = TrackGroup(identity_id=ONE, track_ids=_ids(1, 3))
    assert _edit("move_tracks", track_ids=_ids(1)) == MoveTrack(track_ids=_ids(1), source=owner, new_id=NEXT)
    both = _edit("move_tracks", track_ids=_ids(1, 2))
    assert both.source == TrackGroup(identity_id=None, track_ids=_ids(1, 3, 2, 4))
    assert _edit("move_tracks", track_ids=_ids(6), target=ONE).source is None
    assert _edit("move_range", track_id=_ids(1)[0], start_s=2, end_s=3) == MoveRange(
        track_id=_ids(1)[0], start_s=2, end_s=3, source=owner, new_id=NEXT
    )


@pytest.mark.parametrize(
    ("kind", "values", "error", "code"),
    [
        ("merge", {"target": ONE, "sources": [ONE]}, BadInput, "same_identity"),
        ("merge", {"target": ONE, "sources": ["identity-00008"]}, NotFound, "unknown_identity"),
        ("merge", {"target": ONE, "sources": [LOCKED]}, Conflict, "identity_locked"),
        ("not_same", {"first": ONE, "second": ONE}, BadInput, "same_identity"),
        ("split", {"identity_id": ONE, "track_ids": _ids(1, 3)}, BadInput, "not_a_part"),
        ("split", {"identity_id": ONE, "track_ids": _ids(2)}, BadInput, "not_a_part"),
        ("move_tracks", {"track_ids": _ids(1), "target": ONE}, BadInput, "already_there"),
        ("move_tracks", {"track_ids": _ids(1), "target": LOCKED}, Conflict, "identity_locked"),
        ("move_range", {"track_id": _ids(1)[0], "start_s": 9, "end_s": 10}, BadInput, "outside_track"),
        ("move_range", {"track_id": _ids(1)[0], "start_s": 3, "end_s": 2}, BadInput, "outside_track"),
        ("drop", {"track_ids": _ids(5)}, Conflict, "identity_locked"),
        ("restore", {"track_ids": _ids(9)}, NotFound, "unknown_track"),
        ("unlock", {"identity_id": ONE}, Conflict, "not_locked"),
    ],
)
def test_commands_that_cannot_be_are_refused(
    kind: str, values: dict[str, Any], error: type[BadInput], code: str
) -> None:
    with pytest.raises(error) as refused:
        _edit(kind, **values)
    assert refused.value.code == code


@pytest.mark.parametrize("label", ["", "a\x00b", "a\nb", "x" * 121, "\ud800"])
def test_names_are_one_line_of_text(label: str) -> None:
    with pytest.raises(ValidationError):
        _edit("rename", identity_id=ONE, label=label)
