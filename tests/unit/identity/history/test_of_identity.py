"""Decisions on links in words: with names, also of who is not linked any more or not in the cast any more."""

from __future__ import annotations

from contracts.ids import identity_id
from contracts.rows import CastLink
from services.identity.history.of_identity import link_sentence
from services.identity.links.history import LinkRecord
from services.identity.links.transitions import Action, LinkChange

NAMES = {"rita": "Rita", "greta": "Greta"}


def said(action: Action, *changes: LinkChange) -> str:
    record = LinkRecord(version=1, command_id="c", action=action, who="kim", at="2026-01-01T00:00:00Z", changes=changes)
    return link_sentence(record, NAMES)


def change(number: int, action: Action, cast_id: str | None, before: str | None = None) -> LinkChange:
    who, at = identity_id(number), "2026-01-01T00:00:00Z"
    link = (
        None
        if before is None
        else CastLink(identity_id=who, cast_id=before, by="operator", probability=1, margin=1, at=at, event_id="e")
    )
    return LinkChange(
        version=1,
        action=action,
        identity_id=who,
        cast_id=cast_id,
        who="kim",
        at=at,
        event_id="e",
        before=link,
        after=None,
    )


def test_a_link_and_its_end_are_told_with_the_name() -> None:
    assert said("link", change(3, "link", "rita")) == "identity-00003 is Rita"
    assert said("unlink", change(3, "unlink", None, "rita")) == "identity-00003 is not Rita"


def test_who_left_the_cast_is_told_without_their_id() -> None:
    assert said("link", change(3, "link", "gone")) == "identity-00003 is somebody who is no longer in the cast"
    assert (
        said("unlink", change(3, "unlink", None, "gone"))
        == "identity-00003 is not somebody who is no longer in the cast"
    )
    assert "gone" not in said("dismiss", change(3, "dismiss", "gone"))


def test_many_who_were_different_people_are_told_together() -> None:
    both = (change(3, "unlink", None, "rita"), change(4, "unlink", None, "greta"))
    assert said("unlink", *both) == "identity-00003, identity-00004 are not whom they were linked to"
    assert said("dismiss", change(3, "dismiss", None)) == "no suggestion for identity-00003"
