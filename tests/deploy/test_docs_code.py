"""The Python in the documentation is run as it stands, against a broker."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import typer.main
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from chassis.kafka.connection import ensure_topics
from chassis.settings import KafkaSettings
from contracts.envelope import decode, encode
from contracts.events import EpisodeUploaded, ScreenTimeReported
from contracts.topics import DAY_MS, TOPICS
from screenalytics.cli.app import app
from screenalytics.local.servers import Stack, check_installed
from tests.deploy.checks import ROOT, command_parses, is_setting
from tests.support.examples import EXAMPLES

DOCUMENTS = (ROOT / "docs" / "subscribers.md", ROOT / "docs" / "operations.md")
TIMEOUT_S = 60
ELSEWHERE = {
    "SCREENALYTICS_S3__ENDPOINT_URL": "http://127.0.0.1:1",
    "SCREENALYTICS_MONGO__URI": "mongodb://127.0.0.1:1",
}
"""Only the broker of the stack is wanted."""

needs_broker = pytest.mark.skipif(bool(check_installed()), reason=f"embedded servers missing: {check_installed()}")


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def block_with(text: str) -> str:
    (found,) = [block for document in DOCUMENTS for block in blocks(document) if text in block]
    return found


def run_block(code: str, kafka: str, folder: Path, *, lines: int | None = None) -> str:
    """Run a block; with `lines`, one that never ends by itself is ended after so many lines."""
    environment = os.environ | {
        "KAFKA": kafka,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if lines is None:
            output, errors = process.communicate(timeout=TIMEOUT_S)
            assert process.returncode == 0, errors
            return output
        assert process.stdout is not None
        return "".join(process.stdout.readline() for _ in range(lines))
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
async def kafka() -> AsyncIterator[str]:
    """Address of a broker on which two revisions of a report were published, the second one twice."""
    async with Stack(variables=ELSEWHERE) as stack:
        address = stack.environment()["SCREENALYTICS_KAFKA__BOOTSTRAP_SERVERS"]
        await ensure_topics(KafkaSettings(bootstrap_servers=address))
        async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
            for revision in (1, 2, 2):
                message = encode(report(revision), source="/test")
                await producer.send_and_wait(message.topic, message.value, key=message.key, headers=message.headers)
        yield address


def report(revision: int) -> ScreenTimeReported:
    (example,) = [event for event in EXAMPLES if isinstance(event, ScreenTimeReported)]
    cast = tuple(person.model_copy(update={"visible_s": 10.0 * revision}) for person in example.cast)
    return example.model_copy(update={"revision": revision, "cast": cast})


def test_every_block_is_valid_python() -> None:
    found = [block for document in DOCUMENTS for block in blocks(document)]
    assert len(found) >= 3
    for block in found:
        ast.parse(block)


def test_following_takes_ten_lines() -> None:
    assert len([line for line in block_with("async def follow").splitlines() if line.strip()]) <= 10


def test_subscribers_need_the_contracts_and_nothing_else_of_ours() -> None:
    for block in blocks(DOCUMENTS[0]):
        assert set(_imports(block)) <= {"asyncio", "os", "aiokafka", "contracts", "duckdb"}


def _imports(block: str) -> list[str]:
    """Top-level packages that a block imports."""
    found = []
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.ImportFrom):
            found.append((node.module or "").split(".")[0])
        elif isinstance(node, ast.Import):
            found += [alias.name.split(".")[0] for alias in node.names]
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_ours_that_is_named_exists(document: Path) -> None:
    named = re.findall(r"(?:^|`)screenalytics ([a-z]+)(?: ([a-z-]+))?", document.read_text(), flags=re.MULTILINE)
    assert named
    main = typer.main.get_command(app)
    for first, second in named:
        command = getattr(main, "commands", {}).get(first)
        assert command is not None, first
        assert not hasattr(command, "commands") or second in command.commands, f"{first} {second}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_variable_of_ours_that_is_named_is_a_setting(document: Path) -> None:
    for name in re.findall(r"SCREENALYTICS_[A-Z0-9_]+", document.read_text()):
        assert is_setting(name), name


def test_subscribers_find_every_topic_with_its_retention() -> None:
    rows = re.findall(r"^\| (`.+?) \| .+ \| (\d+) days? \|$", DOCUMENTS[0].read_text(), flags=re.MULTILINE)
    kept = {name: int(days) for names, days in rows for name in re.findall(r"`([^`]+)`", names)}
    put_in_by_others = {"episode.uploaded", "cast.uploaded"}
    for topic in TOPICS:
        if topic.name in put_in_by_others or topic.name.endswith(".dead-letter"):
            continue
        days = kept.get(topic.name) or kept.get(f"{topic.name.split('.')[0]}.*")
        assert days == topic.retention_ms // DAY_MS, topic.name
    declared = {topic.name for topic in TOPICS}
    assert {name for name in kept if not name.endswith(".*")} <= declared


def test_commands_that_are_run_in_containers_parse() -> None:
    text = "\n".join(path.read_text() for path in (*DOCUMENTS, ROOT / "docker-compose.yml"))
    commands = re.findall(r"(?:compose run --rm tools|-- screenalytics) ([^#`…\n]{2,})", text)
    assert len(commands) >= 4
    assert [command for command in commands if not command_parses(command.split())] == []


@needs_broker
@pytest.mark.integration
def test_following_prints_the_reports(kafka: str, tmp_path: Path) -> None:
    lines = run_block(block_with("async def follow"), kafka, tmp_path, lines=2).splitlines()
    assert [ScreenTimeReported.model_validate_json(line).revision for line in lines] == [1, 2]


@needs_broker
@pytest.mark.integration
def test_duckdb_holds_each_person_once_and_counts_the_latest_revision(kafka: str, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed")
    code = block_with("import duckdb")
    first, second = run_block(code, kafka, tmp_path), run_block(code, kafka, tmp_path)
    assert first == second
    with duckdb.connect(str(tmp_path / "screen_time.duckdb")) as database:
        rows = database.sql("select revision, count(*) from screen_time group by revision order by revision").fetchall()
        people = len(report(1).cast)
        assert rows == [(1, people), (2, people)]
    assert "20.0" in first


@needs_broker
@pytest.mark.integration
async def test_announcing_publishes_an_event_that_ingest_can_read(kafka: str, tmp_path: Path) -> None:
    printed = run_block(block_with("async def announce"), kafka, tmp_path).strip()
    async with AIOKafkaConsumer(
        EpisodeUploaded.TOPIC, bootstrap_servers=kafka, auto_offset_reset="earliest", group_id=None
    ) as consumer:
        record = await consumer.getone()
    received = decode(record.value, record.headers, topic=record.topic)
    assert isinstance(received.event, EpisodeUploaded)
    assert received.event_id == printed
