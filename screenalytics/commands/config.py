"""`screenalytics config`: the settings in force."""

from __future__ import annotations

import json

from contracts.events import Service
from screenalytics.service_registry import settings_in_force


def print_config(service: Service | None) -> None:
    print(json.dumps(settings_in_force(service), indent=2))
