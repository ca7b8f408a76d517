"""`screenalytics config`: the settings in force."""

from __future__ import annotations

import importlib
import json
from typing import Any

from chassis.settings import ChassisSettings, without_secrets
from contracts.events import STAGES


def settings_class(service: str) -> type[ChassisSettings]:
    """The settings class of a service, by convention `services.<service>.settings.<Service>Settings`."""
    module = importlib.import_module(f"services.{service}.settings")
    found: type[ChassisSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def settings_in_force(service: str | None = None) -> dict[str, dict[str, Any]]:
    """Service -> settings, secrets masked."""
    names = [service] if service else list(STAGES)
    return {name: without_secrets(settings_class(name)().model_dump(mode="json")) for name in names}


def print_config(service: str | None) -> None:
    print(json.dumps(settings_in_force(service), indent=2))
