"""How rows name pictures: one place builds the names and takes them apart."""

from __future__ import annotations

from contracts.crops import CropRef, by_archive, in_archive, renamed

OLD, NEW, MEMBER = "s3://b/old.zip", "s3://b/new.zip", "chips/track-00000-001/0000012.jpg"


def test_a_name_is_read_back_as_it_was_built() -> None:
    assert str(CropRef(OLD, MEMBER)) == f"{OLD}#{MEMBER}"
    assert CropRef.parse(f"{OLD}#{MEMBER}") == CropRef(OLD, MEMBER)


def test_a_row_that_is_not_stored_yet_gets_its_archive() -> None:
    assert in_archive(str(CropRef("", MEMBER)), OLD) == f"{OLD}#{MEMBER}"


def test_only_pictures_of_an_archive_that_moved_are_renamed() -> None:
    assert renamed(f"{OLD}#{MEMBER}", {OLD: NEW}) == f"{NEW}#{MEMBER}"
    assert renamed(f"{NEW}#{MEMBER}", {OLD: "s3://b/x.zip"}) == f"{NEW}#{MEMBER}"
    assert renamed(MEMBER, {"": NEW}) == MEMBER


def test_names_are_sorted_into_their_archives_once_each() -> None:
    names = [f"{OLD}#b", None, f"{NEW}#a", f"{OLD}#a", f"{OLD}#b", "no archive"]
    assert by_archive(names) == {OLD: ["b", "a"], NEW: ["a"]}
