"""The committed OpenAPI document and client are those that the code describes."""

from __future__ import annotations

from collections import Counter

from screenalytics.api import export


def test_the_committed_api_is_the_described_one() -> None:
    assert export.drift() == [], "run: python -m screenalytics.api.export"


def test_every_operation_has_its_own_name_a_summary_and_the_common_errors() -> None:
    document = export.openapi()
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    names = Counter(operation["operationId"] for operation in operations)
    assert [name for name, count in names.items() if count > 1] == []
    for operation in operations:
        assert operation.get("description"), f"{operation['operationId']} has no summary"
        assert {"401", "403", "404", "422", "429", "503"} <= operation["responses"].keys(), operation["operationId"]
        assert operation.get("security"), f"{operation['operationId']} asks for no credentials"
