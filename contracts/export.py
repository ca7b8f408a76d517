"""Writes JSON Schemas and the AsyncAPI 3 document; `--check` fails when the committed files differ.

python -m contracts.export [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.events import EVENTS, Event
from contracts.rows import MANIFESTS
from contracts.topics import TOPICS

SCHEMAS = Path(__file__).parent / "schemas"
VERSION = "1.0.0"

_ABOUT = {
    "title": "Screenalytics events",
    "version": VERSION,
    "description": "CloudEvents 1.0 in Kafka's binary mode: attributes in ce_* headers, the payload alone in the value.",
}
_HEADERS: dict[str, Any] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "The same work always has the same id."},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string"},
        "ce_subject": {"type": "string"},
        "ce_time": {"type": "string", "format": "date-time"},
        "traceparent": {"type": "string", "description": "W3C trace context; one trace per episode."},
    },
}


def json_schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    """JSON Schema (2020-12) of a payload or manifest row."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:screenalytics:{name}", **schema}


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel a topic, a message an event."""
    partitions = {topic.name: topic for topic in TOPICS}
    return {
        "asyncapi": "3.0.0",
        "info": _ABOUT,
        "defaultContentType": "application/json",
        "channels": {event.TOPIC: _channel(event, partitions[event.TOPIC].partitions) for event in EVENTS.values()},
        "operations": {
            f"receive-{event.TOPIC}": {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{event.TOPIC}"},
                "summary": _first_line(event),
            }
            for event in EVENTS.values()
        },
        "components": {
            "messages": {
                event.__name__: {
                    "name": event.TYPE,
                    "title": event.__name__,
                    "summary": _first_line(event),
                    "headers": _HEADERS,
                    "payload": {"$ref": f"./{event.TYPE}.json"},
                }
                for event in EVENTS.values()
            }
        },
    }


def _channel(event: type[Event], partitions: int) -> dict[str, Any]:
    return {
        "address": event.TOPIC,
        "messages": {event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}},
        "bindings": {"kafka": {"topic": event.TOPIC, "partitions": partitions, "bindingVersion": "0.5.0"}},
    }


def _first_line(event: type[Event]) -> str:
    return (event.__doc__ or "").strip().splitlines()[0]


def documents() -> dict[str, str]:
    """File name -> content of everything that is generated."""
    schemas = {f"{event.TYPE}.json": json_schema(event, event.TYPE) for event in EVENTS.values()}
    schemas |= {f"manifest.{name}.json": json_schema(model, f"manifest.{name}") for name, model in MANIFESTS.items()}
    schemas["asyncapi.json"] = asyncapi()
    return {name: json.dumps(content, indent=1, ensure_ascii=False) + "\n" for name, content in schemas.items()}


def drift() -> list[str]:
    """Names of files that are missing, different or too many."""
    wanted = documents()
    found = {path.name: path.read_text(encoding="utf-8") for path in SCHEMAS.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        differing = drift()
        for name in differing:
            print(f"contracts/schemas/{name} is not what the code says: run python -m contracts.export")
        return 1 if differing else 0
    SCHEMAS.mkdir(exist_ok=True)
    wanted = documents()
    for path in SCHEMAS.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (SCHEMAS / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
