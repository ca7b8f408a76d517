"""Fill a folder with the models for a Triton server: fetched, converted, verified, with the GPU configurations beside.

    python deploy/triton/build_repository.py TARGET

Exit status 2 and one line when a model cannot be fetched or is not what the registry names.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from screenalytics.weights import (
    Registry,
    WeightsError,
    default_cache_dir,
    default_overlay,
    load_registry,
    models_dir,
    pull,
    verify,
)


def build(target: Path, *, registry: Registry, cache_dir: Path, configurations: Path) -> list[Path]:
    """Write `<model>/config.pbtxt`, `<model>/1/model.onnx` and `<model>/configs/*.pbtxt` of every model.

    `configurations` is the folder that holds `<model>/configs`. Returns the files, sorted.

    Raises:
        WeightsError: when something cannot be fetched or is not what the registry names.
    """
    repository = pull(registry, cache_dir, lambda text: print(text, file=sys.stderr))
    problems = verify(registry, cache_dir)
    if problems:
        raise WeightsError(problems[0].message)
    for name in sorted(registry.models):
        shutil.copytree(repository / name, target / name, dirs_exist_ok=True)
        if (extra := configurations / name / "configs").is_dir():
            shutil.copytree(extra, target / name / "configs", dirs_exist_ok=True)
    return sorted(path for path in target.rglob("*") if path.is_file())


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: build_repository.py TARGET", file=sys.stderr)
        return 2
    try:
        registry = load_registry(overlay=default_overlay())
        files = build(
            Path(arguments[0]),
            registry=registry,
            cache_dir=default_cache_dir(),
            configurations=models_dir() / "repository",
        )
    except WeightsError as error:
        print(f"error [{error.code}]: {error}", file=sys.stderr)
        return 2
    for path in files:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
