"""The access list of Kafka says what the services really do."""

from __future__ import annotations

import ast

import pytest

from contracts.events import EVENTS, SERVICES, STAGES, EpisodeFailed, Service
from contracts.topics import TOPICS
from screenalytics.commands.topics import PUBLISHES, access_of, render_acls
from tests.deploy.checks import ROOT

EVENT_NAMES = {event.__name__ for event in EVENTS.values()}
PUBLISHED_BY_THE_CHASSIS = {EpisodeFailed.__name__}


def events_made(service: Service) -> tuple[set[str], set[str]]:
    """Events that a service's source constructs, and those that it reads back, also as fields of what it stored."""
    constructed, read_back = set(), set()
    for path in sorted((ROOT / "services" / service).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AnnAssign):
                read_back |= {part.id for part in ast.walk(node.annotation) if isinstance(part, ast.Name)}
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name) and node.func.id in EVENT_NAMES:
                constructed.add(node.func.id)
            if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                read_back.add(node.func.value.id)
    return constructed, read_back & EVENT_NAMES


@pytest.mark.parametrize("service", SERVICES)
def test_services_may_publish_what_they_make_and_nothing_else(service: Service) -> None:
    constructed, read_back = events_made(service)
    declared = {event.__name__ for event in PUBLISHES[service]}
    of_the_chassis = PUBLISHED_BY_THE_CHASSIS if service in STAGES else set()
    assert constructed | of_the_chassis <= declared
    assert declared <= constructed | read_back | PUBLISHED_BY_THE_CHASSIS


@pytest.mark.parametrize("service", SERVICES)
async def test_services_read_and_write_declared_topics(service: Service) -> None:
    access = await access_of(service)
    assert access.reads
    assert set(access.reads) | set(access.writes) <= {topic.name for topic in TOPICS}


async def test_every_event_somebody_reads_is_one_that_somebody_publishes() -> None:
    accesses = [await access_of(service) for service in SERVICES]
    from_outside = {"episode.uploaded", "cast.uploaded"}
    written = {name for access in accesses for name in access.writes}
    assert {name for access in accesses for name in access.reads} <= written | from_outside


async def test_the_committed_list_is_the_generated_one() -> None:
    rendered = render_acls([await access_of(service) for service in SERVICES])
    committed = (ROOT / "deploy" / "kafka" / "acls.md").read_text(encoding="utf-8")
    assert committed == rendered, "run: screenalytics topics acls > deploy/kafka/acls.md"
