"""From an OpenAPI document to a client: models by datamodel-code-generator, one method an operation by us."""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Schema = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
_SENDERS = {"json": "request", "file": "content", "events": "events"}
"""Kind of answer -> the transport's method."""

_HEADER = '''"""Generated from openapi.json by `python -m screenalytics.openapi.export`; do not edit."""'''


def tidy_names(document: dict[str, Any]) -> dict[str, Any]:
    """Schemas named `Page_Episode_` become `PageEpisode`; two of one name are a defect here, so none gets lost."""
    names = list(document.get("components", {}).get("schemas", {}))
    tidy = {
        name: "".join(part[0].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name) if part) for name in names
    }
    if len(set(tidy.values())) != len(names):
        raise ValueError("two schemas would have one name")
    text = json.dumps(document)
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{tidy[name]}"')
    renamed: dict[str, Any] = json.loads(text)
    renamed["components"]["schemas"] = (
        {tidy[name]: schema for name, schema in renamed["components"]["schemas"].items()} if names else {}
    )
    return renamed


def models_source(document: Schema, folder: Path) -> str:
    """Source of the models of every schema, but for envelopes and uploads, which the transport takes care of."""
    described, target = folder / "openapi.json", folder / "models.py"
    schemas = {
        name: _plain(schema)
        for name, schema in document["components"]["schemas"].items()
        if not name.startswith(("ApiResult", "BodyUpload"))
    }
    only_models = {
        "openapi": document["openapi"],
        "info": document["info"],
        "paths": {},
        "components": {"schemas": schemas},
    }
    described.write_text(json.dumps(only_models), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "datamodel_code_generator",
        "--input",
        str(described),
        "--input-file-type",
        "openapi",
        "--output",
        str(target),
        "--output-model-type",
        "pydantic_v2.BaseModel",
        "--target-python-version",
        "3.11",
        "--use-standard-collections",
        "--use-union-operator",
        "--use-annotated",
        "--use-schema-description",
        "--field-constraints",
        "--collapse-root-models",
        "--enum-field-as-literal",
        "all",
        "--disable-timestamp",
        "--custom-file-header",
        _HEADER,
        "--formatters",
        "ruff-format",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the models could not be generated: {done.stderr[-2000:]}")
    return _formatted(target.read_text(encoding="utf-8"))


_LEFT_OUT = frozenset(
    {
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
        "title",
    }
)


def _plain(schema: Any) -> Any:
    """Without titles, which only repeat the names, and without bounds, which are the server's to check."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "prefixItems" in schema:  # pairs of numbers: as lists, for which no class of its own is generated
        return {"type": "array", "items": _plain(schema["prefixItems"][0])}
    return {
        name: _plain(value) for name, value in schema.items() if isinstance(value, dict | list) or name not in _LEFT_OUT
    }


@dataclass(frozen=True)
class _Operation:
    """One operation, as the client's method needs it."""

    name: str
    method: str
    path: str
    summary: str
    parameters: tuple[Schema, ...]
    body: str | None
    body_required: bool
    is_multipart: bool
    answer: str
    answer_type: str


def choices_source(document: Schema) -> str:
    """Source of a module with what parameters may be that are choices, and of profiles, for who loads nothing else."""
    operations = sorted(_operations(document), key=lambda operation: operation.name)
    lines = [line for operation in operations for line in _choices(operation)]
    profile = document["components"]["schemas"]["NewUpload"]["properties"]["profile"]
    return _formatted(
        "\n".join([_HEADER, "", "from typing import Literal", "", f"Profile = {_annotation(profile)}", *lines, ""])
    )


def client_source(document: Schema, *, asynchronous: bool = False) -> str:
    """Source of the client: a class with a method for each operation.

    It imports its neighbours as such, because the SDK installs the same files under a name of its own.
    """
    operations = sorted(_operations(document), key=lambda operation: operation.name)
    method = _asynchronous if asynchronous else _method
    methods = "\n".join(textwrap.indent(method(operation), "    ") for operation in operations)
    kind, iterator = ("Async", "AsyncIterator") if asynchronous else ("", "Iterator")
    choices = "\n".join(line for operation in operations for line in _choices(operation))
    source = f'''{_HEADER}

from __future__ import annotations

from collections.abc import {iterator}
from typing import Any, Literal
from urllib.parse import quote

from . import models
from .transport import Answer, Files, {kind}Transport

{choices}


class {kind}Client({kind}Transport):
    """The HTTP API: one method an operation. Every method raises ApiFailure when the API refuses."""

{methods}
'''
    return _formatted(source)


def _formatted(source: str) -> str:
    """As `ruff` would have it, so that generated files pass the project's own checks."""
    command = [sys.executable, "-m", "ruff"]
    name = ["--stdin-filename", str(Path(__file__).parent / "generated.py"), "-"]
    for step in (["check", "--fix-only", "--select", "I,F401,UP", "--quiet"], ["format", "--quiet"]):
        source = subprocess.run(
            [*command, *step, *name], input=source, capture_output=True, text=True, check=True
        ).stdout
    return source


def _operations(document: Schema) -> Iterator[_Operation]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield _read(document, path, method, methods[method])


def _read(document: Schema, path: str, method: str, operation: Schema) -> _Operation:
    content = operation.get("requestBody", {}).get("content", {})
    is_multipart = "multipart/form-data" in content
    body = content.get("application/json", {}).get("schema")
    answer, answer_type = _answer(document, operation)
    return _Operation(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("description") or operation.get("summary", ""),
        parameters=tuple(operation.get("parameters", ())),
        body=_annotation(body) if body else None,
        body_required=bool(operation.get("requestBody", {}).get("required")),
        is_multipart=is_multipart,
        answer=answer,
        answer_type=answer_type,
    )


def _answer(document: Schema, operation: Schema) -> tuple[str, str]:
    """`json` with the type of the data, `events`, or `file`."""
    success = next(
        operation["responses"][status] for status in sorted(operation["responses"]) if status.startswith("2")
    )
    content = success.get("content", {})
    if "text/event-stream" in content:
        return "events", "Iterator[tuple[str, str, str]]"
    reference = content.get("application/json", {}).get("schema", {}).get("$ref")
    if reference is None:
        return "file", "bytes"
    result = document["components"]["schemas"][reference.rsplit("/", 1)[1]]
    data = result.get("properties", {}).get("data", {"type": "null"})
    return "json", _annotation(_without_null(data))


def _without_null(schema: Schema) -> Schema:
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return options[0] if len(options) == 1 else schema


def _annotation(schema: Schema) -> str:
    """Python type of a schema."""
    if "$ref" in schema:
        return f"models.{schema['$ref'].rsplit('/', 1)[1]}"
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(repr(value) for value in values)}]"
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " | ".join(dict.fromkeys(_annotation(option) for option in options))
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_annotation(schema.get('items', {}))}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_annotation(values) if isinstance(values, dict) else 'Any'}]"
    return _PLAIN.get(str(kind), "Any")


def _python_name(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return f"{plain}_" if keyword.iskeyword(plain) or plain in {"self", "body", "files"} else plain


def _choices(operation: _Operation) -> Iterator[str]:
    """What each parameter may be that is a choice among strings, under a name that callers can use as well."""
    for parameter in operation.parameters:
        schema = _without_null(parameter.get("schema", {}))
        if "enum" in schema:
            yield f"{_choice_name(operation, parameter)} = {_annotation(schema)}"


def _choice_name(operation: _Operation, parameter: Schema) -> str:
    return "".join(part.capitalize() for part in f"{operation.name}_{parameter['name']}".split("_"))


def _type(operation: _Operation, parameter: Schema) -> str:
    """Python type of a parameter."""
    schema = parameter.get("schema", {})
    if "enum" not in _without_null(schema):
        return _annotation(schema)
    return _choice_name(operation, parameter) + (" | None" if "anyOf" in schema else "")


def _method(operation: _Operation) -> str:
    in_path = [one for one in operation.parameters if one["in"] == "path"]
    in_path.sort(key=lambda one: operation.path.index("{" + one["name"] + "}"))
    others = [one for one in operation.parameters if one["in"] in {"query", "header"} and not _is_credential(one)]
    arguments = ["self", *(f"{_python_name(one['name'])}: {_type(operation, one)}" for one in in_path)]
    if operation.body is not None:
        arguments.append(
            f"body: {operation.body}" if operation.body_required else f"body: {operation.body} | None = None"
        )
    if operation.is_multipart:
        arguments.append("files: Files")
    if others:
        arguments.append("*")
        arguments += [_keyword(operation, one) for one in others]
    answer = f"Answer[{operation.answer_type}]" if operation.answer == "json" else operation.answer_type
    call = _call(operation, in_path, others)
    summary = operation.summary.strip().replace('"""', "'''")
    first, _, rest = summary.partition("\n")
    text = first if not rest.strip() else f"{first}\n{textwrap.indent(rest.rstrip(), '    ')}\n    "
    return f'def {operation.name}({", ".join(arguments)}) -> {answer}:\n    """{text}"""\n    return {call}\n'


def _asynchronous(operation: _Operation) -> str:
    """The method of an asynchronous client; a stream is iterated over, not waited for."""
    source = _method(operation)
    if operation.answer == "events":
        return source.replace("-> Iterator[", "-> AsyncIterator[", 1)
    return "async " + source.replace("    return self.", "    return await self.", 1)


def _is_credential(parameter: Schema) -> bool:
    return str(parameter["name"]).lower() in {"authorization", "x-api-key"}


def _keyword(operation: _Operation, parameter: Schema) -> str:
    annotation = _type(operation, parameter)
    if parameter.get("required"):
        return f"{_python_name(parameter['name'])}: {annotation}"
    optional = annotation if "None" in annotation.split(" | ") else f"{annotation} | None"
    return f"{_python_name(parameter['name'])}: {optional} = None"


def _call(operation: _Operation, in_path: list[Schema], others: list[Schema]) -> str:
    path = operation.path
    for one in in_path:
        path = path.replace("{" + one["name"] + "}", "{quote(str(" + _python_name(one["name"]) + "), safe='')}")
    place = f'f"{path}"' if in_path else f'"{path}"'
    parts = [place] if operation.answer == "events" else [f'"{operation.method}"', place]
    parts += [operation.answer_type] if operation.answer == "json" else []
    for where, argument in (("query", "query"), ("header", "headers")):
        named = [one for one in others if one["in"] == where]
        if named:
            pairs = ", ".join(f'"{one["name"]}": {_python_name(one["name"])}' for one in named)
            parts.append(f"{argument}={{{pairs}}}")
    if operation.answer == "json":
        parts += ["body=body"] if operation.body is not None else []
        parts += ["files=files"] if operation.is_multipart else []
    return f"self.{_SENDERS[operation.answer]}({', '.join(parts)})"
