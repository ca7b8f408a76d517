"""What is said of people goes into the document, changes no figure, and is told where it changed."""

from __future__ import annotations

from contracts.cast import CastDetails, EpisodeRole, MemberDetails
from contracts.external_ids import PersonIds, ProgrammeIds
from services.identity.screentime.descriptions import Descriptions
from tests.support.exported_episode import EP, exported_episode

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
    assert told.basis(EP, ["ada"]) == {}
    assert told.basis(EP, ["jose", "ada"]) == {"members": {"jose": GUEST.model_dump(mode="json")}}


MEMBER = MemberDetails(
    external_ids=PersonIds(imdb="nm9999901"),
    role="actor",
    characters=("Holm",),
    in_episodes={
        EP: EpisodeRole(characters=("His twin",)),
        "harbour-lights-s02e06": EpisodeRole(role="presenter", characters=()),
    },
)


def test_an_episode_may_have_another_role_or_character() -> None:
    here, elsewhere, usual = (MEMBER.in_episode(one) for one in (EP, "harbour-lights-s02e06", "harbour-lights-s02e07"))
    assert (here.role, here.characters) == ("actor", ("His twin",))
    assert (elsewhere.role, elsewhere.characters) == ("presenter", ())
    assert (usual.role, usual.characters) == ("actor", ("Holm",))
    assert {type(one) for one in (here, elsewhere, usual)} == {CastDetails}
    assert here.external_ids == MEMBER.external_ids


def test_a_document_says_what_holds_in_its_episode_and_nothing_of_others() -> None:
    told = Descriptions(members={"jose": MEMBER}).added_to(exported_episode(), previous=None)
    jose = told.cast[1]
    assert (jose.details.role, jose.details.characters) == ("actor", ("His twin",))
    assert "in_episodes" not in told.model_dump_json()


def test_another_episodes_role_makes_no_other_document() -> None:
    less = MEMBER.model_copy(update={"in_episodes": {EP: MEMBER.in_episodes[EP]}})
    before, after = (Descriptions(members={"jose": one}).basis(EP, ["jose"]) for one in (less, MEMBER))
    assert before == after
    changed = Descriptions(members={"jose": MemberDetails()}).basis(EP, ["jose"])
    assert changed == {}


def test_a_cast_that_is_sent_again_keeps_what_is_said_of_single_episodes() -> None:
    told = MEMBER.told_anew(GUEST)
    assert (told.role, told.in_episodes) == ("guest", MEMBER.in_episodes)
    assert MEMBER.told_anew(MemberDetails(role="guest")).in_episodes == {}
