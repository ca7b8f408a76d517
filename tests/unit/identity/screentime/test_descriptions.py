"""What is said of people goes into the document, changes no figure, and is told where it changed."""

from __future__ import annotations

from contracts.cast import CastDetails
from contracts.external_ids import PersonIds, ProgrammeIds
from services.identity.screentime.descriptions import Descriptions
from tests.support.exported_episode import exported_episode

GUEST = CastDetails(external_ids=PersonIds(imdb="nm9999901"), role="guest", characters=("Holm", "His twin"))


def test_a_document_says_what_is_known_and_counts_as_before() -> None:
    plain = Descriptions().added_to(exported_episode(), previous=None)
    told = Descriptions(members={"jose": GUEST}, episode=ProgrammeIds(imdb="tt9999905"))
    described = told.added_to(plain, previous=plain)
    assert {row.cast_id: row.details for row in described.cast} == {"ada": CastDetails(), "jose": GUEST}
    assert described.external_ids.given() == {"imdb": "tt9999905"}
    assert [row.visible_s for row in described.cast] == [row.visible_s for row in plain.cast]
    assert described.changes == (
        "Other things are said of José Reyes: guest, Holm and His twin, nm9999901.",
        "The ids of the show or the episode in other registries changed.",
    )


def test_nothing_said_any_more_is_said_too_and_the_same_again_is_no_change() -> None:
    before = Descriptions(members={"jose": GUEST}).added_to(exported_episode(), previous=None)
    assert Descriptions(members={"jose": GUEST}).added_to(before, previous=before).changes == before.changes
    after = Descriptions().added_to(before, previous=before)
    assert after.changes == ("Other things are said of José Reyes: nothing any more.",)


def test_the_basis_is_of_those_in_the_document_and_of_what_was_said() -> None:
    told = Descriptions(members={"jose": GUEST, "ada": CastDetails()})
    assert told.basis(["ada"]) == {}
    assert told.basis(["jose", "ada"]) == {"members": {"jose": GUEST.model_dump(mode="json")}}
