from __future__ import annotations

import pytest

from services.identity.privacy.superseded import (
    Current,
    is_faces,
    is_superseded_manifest,
    is_superseded_segment,
)

OLD, RUN, NEW = ("01JCZ5M7Q8XG3V4B2N1K0H9F8D", "01JD15M7Q8XG3V4B2N1K0H9F8D", "01JE15M7Q8XG3V4B2N1K0H9F8D")
NOW = Current(run_id=RUN, revision=5, grouping_revision=2)


@pytest.mark.parametrize(
    ("name", "goes"),
    [
        ("screen_time.json", False),
        (f"{RUN}/screen_time.json", False),
        (f"{RUN}/r00005/screen_time-0123.json", True),
        (f"{RUN}/r00006/screen_time-0123.json", False),
        (f"{RUN}/r00006/report-0123.html", False),
        (f"{RUN}/r00002/faces-0123.npy", True),
        (f"{RUN}/r00003/faces-0123.npy", False),
        (f"{RUN}/r00003/identities-0123.json", True),
        (f"{RUN}/r00003/clusters-0123.json", False),
        (f"{OLD}/r00009/faces-0123.npy", True),
        (f"{OLD}/screen_time.json", True),
        (f"{NEW}/r00001/faces-0123.npy", False),
        (f"{NEW}/screen_time.json", False),
    ],
)
def test_only_manifests_of_earlier_revisions_go(name: str, goes: bool) -> None:
    assert is_superseded_manifest(name, NOW, runs_kept={RUN}) is goes


@pytest.mark.parametrize(
    ("name", "goes"),
    [
        (f"{RUN}/00000/faces-0123.npy", True),
        (f"{RUN}/00000/detections-0123.jsonl", True),
        (f"{RUN}/00000/segment.tracked.json", False),
        (f"{RUN}/00000/crops-0123.zip", False),
        (f"{OLD}/00000/segment.tracked.json", True),
        (f"{OLD}/00000/crops-0123.zip", True),
        (f"{NEW}/00000/faces-0123.npy", False),
        (f"{NEW}/00000/crops-0123.zip", False),
    ],
)
def test_of_segments_goes_what_no_stage_reads_again(name: str, goes: bool) -> None:
    assert is_superseded_segment(name, NOW, runs_kept={RUN}, is_replaced=False) is goes


def test_an_archive_goes_once_a_later_one_took_its_place() -> None:
    assert is_superseded_segment(f"{RUN}/00000/crops-0123.zip", NOW, runs_kept={RUN}, is_replaced=True)
    assert not is_superseded_manifest(f"{OLD}/screen_time.json", NOW, runs_kept={RUN, OLD})
    assert not is_superseded_segment(f"{OLD}/00000/segment.tracked.json", NOW, runs_kept={OLD}, is_replaced=False)


def test_faces_are_known_by_their_names() -> None:
    assert is_faces("s3://b/x/r00001/faces-01.jsonl")
    assert is_faces("s3://b/x/r00001/joined_faces-01.jsonl")
    assert not is_faces("s3://b/x/r00001/faces-01.npy")
