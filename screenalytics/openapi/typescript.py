"""From an OpenAPI document to the console's client: TypeScript types and one function an operation.

Credentials, `If-Match`, `Idempotency-Key` and envelopes are the transport's (`console/src/api/transport.ts`), once for all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_HEADER = "// Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit.\n"


def types_source(document: Schema) -> str:
    """One exported type a schema, but for envelopes and uploads, which the transport takes care of.

    **An answer has every field**; what a request may leave out is optional only in types that requests are made of.
    """
    schemas = document["components"]["schemas"]
    kept = {name: schemas[name] for name in sorted(schemas) if not name.startswith(("ApiResult", "BodyUpload"))}
    asked = _sent(document)
    return _HEADER + "".join(_declaration(name, schema, whole=name not in asked) for name, schema in kept.items())


def _sent(document: Schema) -> set[str]:
    """Names of the schemas that bodies of requests are made of."""
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    left = [name for _, _, operation in _operations(document) for name in _names(operation.get("requestBody"))]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += _names(schemas[name])
    return found


def _names(part: Any) -> Iterator[str]:
    """Schemas that a part of the document names."""
    if isinstance(part, Mapping):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].rsplit("/", 1)[1]
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _names(one)


def operations_source(document: Schema) -> str:
    """One exported function an operation; what streams or downloads is an address instead."""
    functions = [
        _function(document, path, method, operation)
        for path, method, operation in sorted(_operations(document), key=lambda found: found[2]["operationId"])
    ]
    return (
        f'{_HEADER}import type * as t from "./types";\n'
        'import { address, call, segment, type Answer, type Options } from "./transport";\n' + "".join(functions)
    )


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, method, methods[method]


def _declaration(name: str, schema: Schema, *, whole: bool) -> str:
    if "properties" not in schema:
        return f"\nexport type {name} = {_type(schema)};\n"
    required = set(schema["properties"] if whole else schema.get("required", ()))
    fields = "".join(
        f"  {json.dumps(field)}{'' if field in required else '?'}: {_type(value)};\n".replace(f'"{field}"', field, 1)
        for field, value in schema["properties"].items()
    )
    return f"\nexport interface {name} {{\n{fields}}}\n"


def _type(schema: Schema, prefix: str = "") -> str:
    """TypeScript's name of a schema; `prefix` stands before the names of other schemas."""
    if "$ref" in schema:
        return prefix + str(schema["$ref"]).rsplit("/", 1)[1]
    if "const" in schema or "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " | ".join(dict.fromkeys(_type(option, prefix) for option in options))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return f"[{', '.join(_type(item, prefix) for item in schema['prefixItems'])}]"
        return f"Array<{_type(schema.get('items', {}), prefix)}>"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values, prefix) if isinstance(values, dict) and values else 'unknown'}>"
    return _PLAIN.get(str(kind), "unknown")


def _function(document: Schema, path: str, method: str, operation: Schema) -> str:
    name = _camel(operation["operationId"])
    parameters = operation.get("parameters", ())
    in_path = sorted(
        (one["name"] for one in parameters if one["in"] == "path"), key=lambda one: path.index("{" + one + "}")
    )
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema")
    is_form = "multipart/form-data" in content
    query = [one for one in parameters if one["in"] == "query"]
    place = "`" + re.sub(r"{(\w+)}", lambda found: "${segment(" + _camel(found[1]) + ")}", path) + "`"
    arguments = [f"{_camel(one)}: string" for one in in_path]
    summary = (operation.get("description") or operation.get("summary", "")).strip().splitlines()[0]
    named = f"query{'' if any(one.get('required') for one in query) else '?'}: {_named(query)}" if query else ""
    answer = _answer(document, operation)
    if answer is None:
        arguments += [named] if named else []
        inside = f"address({place}{', query' if query else ''})"
        return f"\n/** Address. {summary} */\nexport const {name} = ({', '.join(arguments)}): string => {inside};\n"
    if body:
        optional = "" if operation["requestBody"].get("required") else "?"
        arguments.append(f"body{optional}: {_type(body, 't.')}")
    if is_form:
        arguments.append("body: FormData")
    arguments += [named] if named else []
    arguments.append("options?: Options")
    parts = [json.dumps(method.upper()), place, "body" if body or is_form else "undefined"]
    parts += ["query" if query else "undefined", "options"]
    return (
        f"\n/** {summary} */\nexport const {name} = ({', '.join(arguments)}): Promise<Answer<{answer}>> =>\n"
        f"  call<{answer}>({', '.join(parts)});\n"
    )


def _named(parameters: list[Schema]) -> str:
    fields = "; ".join(
        f"{one['name']}{'' if one.get('required') else '?'}: {_type(one.get('schema', {}), 't.')}" for one in parameters
    )
    return f"{{ {fields} }}"


def _answer(document: Schema, operation: Schema) -> str | None:
    """Type of the data; None for files and event streams, which the browser fetches by their address."""
    success = next(
        operation["responses"][status] for status in sorted(operation["responses"]) if status.startswith("2")
    )
    reference = success.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
    if reference is None:
        return None
    result = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    data = result.get("properties", {}).get("data", {"type": "null"})
    options = [option for option in data.get("anyOf", ()) if option.get("type") != "null"]
    return _type(options[0] if len(options) == 1 else data, "t.")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
