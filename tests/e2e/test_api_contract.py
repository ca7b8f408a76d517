"""The whole HTTP API, thrown everything at: no server error, and every answer as its description says."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.conftest import API_URL
from tests.e2e.test_journeys import Journey, journey
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

EXAMPLES_AN_OPERATION = 12
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ENDLESS = {"follow_episode"}
"""Streams: they are tested on their own."""

__all__ = ["journey"]


@pytest_asyncio.fixture(scope="module")
async def api_schema(pipeline: Pipeline, journey: Journey) -> Any:
    """The API of the running machine; half of the requests are about an episode that is there."""
    schema = schemathesis.openapi.from_url(f"{API_URL}/openapi.json")
    return schema.exclude(operation_id=sorted(ENDLESS))


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(max_examples=EXAMPLES_AN_OPERATION, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_request_makes_the_api_fail(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)
