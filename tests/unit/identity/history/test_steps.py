"""Several logs as one: their order, and what undo and redo take."""

from __future__ import annotations

from typing import Any

from services.identity.history.steps import Action, HistoryStep, Source, in_order, last_in_force, last_taken_back


def step(
    source: Source, version: int, at: int, action: Action = "do", *, of: int | None = None, active: bool
) -> HistoryStep:
    fields: dict[str, Any] = {"kind": "x", "who": "kim", "sentence": "x", "action": action, "active": active}
    return HistoryStep(step=f"{source}:{of or version}", source=source, version=version, at=f"{at:03d}", **fields)


def test_logs_are_one_in_order_of_time_and_each_keeps_its_own() -> None:
    late_clock = [step("clusters", 2, 5, active=True), step("clusters", 1, 9, active=True)]
    links = [step("links", 1, 7, active=True)]
    found = [(one.source, one.version) for one in in_order({"clusters": late_clock, "links": links, "sign_off": []})]
    assert found == [("links", 1), ("clusters", 2), ("clusters", 1)]


def test_undo_takes_the_last_in_force_of_any_log_one_made_again_included() -> None:
    links = [
        step("links", 3, 9, "redo", of=1, active=True),
        step("links", 2, 5, "undo", of=1, active=True),
        step("links", 1, 1, active=True),
    ]
    steps = list(in_order({"links": links, "clusters": [step("clusters", 1, 7, active=True)]}))
    chosen = last_in_force(steps)
    assert chosen is not None and chosen.step == "links:1"


def test_redo_takes_what_was_undone_last_until_something_new_is_decided() -> None:
    undone = [step("links", 2, 5, "undo", of=1, active=False), step("links", 1, 1, active=False)]
    chosen = last_taken_back(list(in_order({"links": undone, "clusters": []})))
    assert chosen is not None and chosen.step == "links:1"
    assert last_taken_back(list(in_order({"links": undone, "clusters": [step("clusters", 1, 7, active=True)]}))) is None
    assert last_in_force(list(in_order({"links": undone}))) is None
