"""Writes `openapi.json`, its clients and the table of error codes; `--check` fails when the committed files differ.

python -m screenalytics.openapi.export [--check]
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from contracts import error_codes
from screenalytics import api_server
from screenalytics.openapi.generate import choices_source, client_source, models_source, tidy_names
from screenalytics.openapi.typescript import operations_source, types_source

PACKAGE = Path(__file__).parent.parent


def openapi() -> dict[str, Any]:
    """The OpenAPI document of all services, schemas named without generics' brackets."""
    return tidy_names(api_server.describe().openapi())


def documents() -> dict[str, str]:
    """Path from the package -> content of everything that is generated."""
    described = openapi()
    with tempfile.TemporaryDirectory() as folder:
        models = models_source(described, Path(folder))
        client = client_source(described)
        async_client = client_source(described, asynchronous=True)
    return {
        "openapi/choices.py": choices_source(described),
        "openapi/openapi.json": json.dumps(described, indent=1, ensure_ascii=False) + "\n",
        "http_client/models.py": models,
        "http_client/client.py": client,
        "http_client/async_client.py": async_client,
        "../console/src/api/types.ts": types_source(described),
        "../console/src/api/operations.ts": operations_source(described),
        "../docs/api/errors.md": error_codes.as_markdown(),
    }


def drift() -> list[str]:
    """Paths of files that are missing or different."""
    wanted = documents()
    return sorted(
        name
        for name, content in wanted.items()
        if not (PACKAGE / name).is_file() or (PACKAGE / name).read_text(encoding="utf-8") != content
    )


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        differing = drift()
        for name in differing:
            print(f"screenalytics/{name} is not what the code says: run python -m screenalytics.openapi.export")
        return 1 if differing else 0
    for name, content in documents().items():
        (PACKAGE / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
