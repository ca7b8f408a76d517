"""What the tests of compose and of the manifests both ask."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import typer.main
from pydantic import BaseModel

from chassis.health import Health
from contracts.events import SERVICES, Service
from screenalytics.cli.app import app
from screenalytics.service_registry import settings_class

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "SCREENALYTICS_"


def schema(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Path(__file__).parent / "schemas" / f"{name}.json").read_text())
    return content


def assert_fits(document: Mapping[str, Any], name: str) -> None:
    """Fail with every place where a document breaks one of our schemas."""
    errors = jsonschema.Draft202012Validator(schema(name)).iter_errors(document)
    found = [f"{'/'.join(map(str, error.path))}: {error.message}" for error in errors]
    if found:
        raise AssertionError("\n".join(found))


def is_setting(variable: str) -> bool:
    """Whether a variable of ours is a field of some service's settings."""
    return any(_reaches(settings_class(stage), variable.removeprefix(PREFIX).lower().split("__")) for stage in SERVICES)


def _reaches(model: type[BaseModel], path: Sequence[str]) -> bool:
    if path[0] not in model.model_fields:
        return False
    inner = model.model_fields[path[0]].annotation
    if len(path) == 1:
        return not (isinstance(inner, type) and issubclass(inner, BaseModel))
    return isinstance(inner, type) and issubclass(inner, BaseModel) and _reaches(inner, path[1:])


def settings_from(environment: Mapping[str, str], service: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The settings that a service reads from exactly this environment."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return settings_class(cast("Service", service))()


def command_parses(arguments: Sequence[str]) -> bool:
    """Whether `screenalytics ARGUMENTS` is a command with valid arguments; nothing is run."""
    command: Any = typer.main.get_command(app)
    name, rest, parent = "screenalytics", list(arguments), None
    try:
        while hasattr(command, "resolve_command"):
            parent = command.make_context(name, rest, parent=parent)
            found, command, rest = command.resolve_command(parent, [*parent._protected_args, *parent.args])
            name = found or ""
        command.make_context(name, rest, parent=parent)
    except Exception as error:
        if type(error).__name__ in {"UsageError", "BadParameter", "NoSuchCommand", "NoArgsIsHelpError", "NoSuchOption"}:
            return False
        raise
    return True


def internal_paths() -> set[str]:
    """The paths every service answers for its orchestrator."""
    return {str(getattr(route, "path", "")) for route in Health({}, away={}).router().routes}
