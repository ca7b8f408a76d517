"""The TypeScript client says what the OpenAPI document says."""

from __future__ import annotations

from typing import Any

from screenalytics.openapi.typescript import operations_source, types_source


def document(operation: dict[str, Any], path: str = "/things/{thing_id}", method: str = "get") -> dict[str, Any]:
    schemas = {
        "Thing": {
            "type": "object",
            "required": ["name", "pair"],
            "properties": {
                "name": {"type": "string"},
                "pair": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}]},
                "kind": {"enum": ["a", "b"]},
                "more": {"anyOf": [{"type": "object", "additionalProperties": {"type": "integer"}}, {"type": "null"}]},
            },
        },
        "ApiResultThing": {
            "type": "object",
            "properties": {"data": {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]}},
        },
    }
    return {"paths": {path: {method: operation}}, "components": {"schemas": schemas}}


def answer(content: dict[str, Any]) -> dict[str, Any]:
    return {"200": {"content": content}}


THING = answer({"application/json": {"schema": {"$ref": "#/components/schemas/ApiResultThing"}}})
ID = {"name": "thing_id", "in": "path", "required": True, "schema": {"type": "string"}}


SENT = {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}


def test_types_keep_what_requests_require_and_leave_envelopes_out() -> None:
    operation = {"operationId": "change_thing", "summary": "Change it.", "requestBody": SENT, "responses": THING}
    text = types_source(document(operation, method="post"))
    assert "export interface Thing {\n  name: string;\n  pair: [number, number];" in text
    assert '  kind?: "a" | "b";\n  more?: Record<string, number> | null;' in text
    assert "ApiResult" not in text


def test_an_answer_has_every_field() -> None:
    text = types_source(document({"operationId": "read_thing", "summary": "Read it.", "responses": THING}))
    assert '  kind: "a" | "b";\n  more: Record<string, number> | null;' in text


def test_an_operation_names_its_path_query_and_body() -> None:
    operation = {
        "operationId": "change_thing",
        "summary": "Change a thing.",
        "parameters": [
            ID,
            {"name": "wait_s", "in": "query", "schema": {"type": "number"}},
            {"name": "if-match", "in": "header", "schema": {"type": "string"}},
        ],
        "requestBody": SENT,
        "responses": THING,
    }
    text = operations_source(document(operation, method="post"))
    assert "changeThing = (thingId: string, body: t.Thing, query?: { wait_s?: number }, options?: Options)" in text
    assert 'call<t.Thing>("POST", `/things/${segment(thingId)}`, body, query, options)' in text


def test_a_required_query_is_required() -> None:
    parameters = [ID, {"name": "a", "in": "query", "required": True, "schema": {"type": "string"}}]
    operation = {"operationId": "read_thing", "summary": "Read.", "parameters": parameters, "responses": THING}
    text = operations_source(document(operation))
    assert "query: { a: string }" in text


def test_a_file_is_an_address() -> None:
    operation = {
        "operationId": "get_file",
        "summary": "Get it.",
        "parameters": [ID],
        "responses": answer({"text/csv": {}}),
    }
    text = operations_source(document(operation))
    assert "getFile = (thingId: string): string => address(`/things/${segment(thingId)}`);" in text
