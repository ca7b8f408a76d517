"""The embedded server is unpacked once, whole or not at all, and its command binds to the loopback only."""

import hashlib
import platform
import sys
import zipfile
from pathlib import Path

import pytest

from screenalytics.weights import LibPythonMissing, PlatformUnsupported, WeightsHashMismatch, stage_runtime
from screenalytics.weights import triton_runtime as runtime_module
from screenalytics.weights.registry import PackageFile, ServerSpec, models_dir
from screenalytics.weights.triton_runtime import TritonRuntime, find_libpython, triton_command

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SERVER = "pytriton/tritonserver"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the embedded server runs on Linux only")


@pytest.fixture
def libpython(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    library = tmp_path / f"libpython{PYTHON}.so.1.0"
    library.write_bytes(b"library")
    monkeypatch.setattr(runtime_module, "find_libpython", lambda _: library)
    return library


@pytest.fixture
def server(tmp_path: Path) -> ServerSpec:
    """A wheel with the server's layout, already in the cache's downloads."""
    downloads = tmp_path / "cache" / "downloads"
    downloads.mkdir(parents=True)
    wheel = downloads / "server.whl"
    names = [
        f"{SERVER}/bin/tritonserver",
        f"{SERVER}/backends/python/libtriton_python.so",
        f"{SERVER}/python_backend_stubs/{PYTHON}/triton_python_backend_stub",
        f"{SERVER}/python_backend_stubs/3.5/triton_python_backend_stub",
        "nvidia_pytriton.libs/libexample.so",
        "pytriton/client/client.py",
        "nvidia_pytriton-9.dist-info/licenses/LICENSE",
    ]
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    file = PackageFile(name=wheel.name, sha256=digest)
    return ServerSpec(package="server", version="9", licence="x", files={platform.machine(): file})


def quiet(_: str) -> None:
    pass


def test_stages_what_is_needed_and_nothing_else(server: ServerSpec, libpython: Path, tmp_path: Path) -> None:
    runtime = stage_runtime(server, tmp_path / "cache", quiet)
    found = {str(path.relative_to(runtime.root)) for path in runtime.root.rglob("*") if not path.is_dir()}
    expected = {
        f"{SERVER}/bin/tritonserver",
        f"{SERVER}/backends/python/libtriton_python.so",
        f"{SERVER}/backends/python/triton_python_backend_stub",
        "nvidia_pytriton.libs/libexample.so",
        "nvidia_pytriton-9.dist-info/licenses/LICENSE",
    }
    if PYTHON != "3.13":
        expected.add(f"nvidia_pytriton.libs/{libpython.name}")
    assert found == expected
    assert runtime.binary.stat().st_mode & 0o111


def test_backends_lie_side_by_side(server: ServerSpec, libpython: Path, tmp_path: Path) -> None:
    runtime = stage_runtime(server, tmp_path / "cache", quiet)
    assert (runtime.backends / "python" / "libtriton_python.so").is_file()
    ours = models_dir() / "backends" / "onnxruntime"
    for file in ours.glob("*.py"):
        assert (runtime.backends / "onnxruntime" / file.name).read_bytes() == file.read_bytes()


def test_staging_again_uses_what_is_there(server: ServerSpec, libpython: Path, tmp_path: Path) -> None:
    first = stage_runtime(server, tmp_path / "cache", quiet)
    (tmp_path / "cache" / "downloads" / "server.whl").unlink()
    steps: list[str] = []
    assert stage_runtime(server, tmp_path / "cache", steps.append) == first
    assert steps == []


def test_a_changed_backend_gets_a_folder_of_its_own(server: ServerSpec, libpython: Path, tmp_path: Path) -> None:
    source = tmp_path / "backends" / "onnxruntime"
    source.mkdir(parents=True)
    (source / "model.py").write_text("first")
    first = stage_runtime(server, tmp_path / "cache", quiet, backends_source=source.parent)
    (source / "model.py").write_text("second")
    second = stage_runtime(server, tmp_path / "cache", quiet, backends_source=source.parent)
    assert (first.backends / "onnxruntime" / "model.py").read_text() == "first"
    assert (second.backends / "onnxruntime" / "model.py").read_text() == "second"


def test_a_wrong_wheel_leaves_nothing_behind(server: ServerSpec, libpython: Path, tmp_path: Path) -> None:
    (tmp_path / "cache" / "downloads" / "server.whl").write_bytes(b"something else")
    with pytest.raises(WeightsHashMismatch):
        stage_runtime(server, tmp_path / "cache", quiet)
    assert not (tmp_path / "cache" / "triton").exists()


def test_other_processors_are_told(server: ServerSpec, libpython: Path, tmp_path: Path) -> None:
    file = next(iter(server.files.values()))
    with pytest.raises(PlatformUnsupported, match="has no release for the processor"):
        stage_runtime(server.model_copy(update={"files": {"riscv64": file}}), tmp_path / "cache", quiet)


def test_a_missing_shared_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with pytest.raises(LibPythonMissing, match=r"install the package libpython3\.11"):
        find_libpython("3.11")


def test_command_is_loopback_only_with_a_closed_environment() -> None:
    runtime = TritonRuntime(root=Path("/rt"), binary=Path("/rt/bin/tritonserver"), backends=Path("/rt/backends"))
    arguments, environment = triton_command(
        runtime=runtime,
        repository=Path("/models"),
        grpc_port=1,
        http_port=2,
        metrics_port=3,
        models=["face_detector", "face_embedder"],
        shm_prefix="mine",
    )
    assert arguments[0] == "/rt/bin/tritonserver"
    for protocol, port in (("grpc", 1), ("http", 2), ("metrics", 3)):
        assert f"--{protocol}-address=127.0.0.1" in arguments
        assert f"--{protocol}-port={port}" in arguments
    assert "--load-model=face_detector" in arguments
    assert "--load-model=face_embedder" in arguments
    assert "--backend-config=python,shm-region-prefix-name=mine" in arguments
    assert environment["PATH"].split(":")[0] == str(Path(sys.prefix) / "bin")
    assert "PYTHONPATH" not in environment
