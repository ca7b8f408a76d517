"""Whole episodes through real services: who may emit and subscribe, and what repetition, disorder and death change."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.settings import revealed
from contracts.events import (
    STAGES,
    EpisodeGrouped,
    EpisodeProgress,
    Event,
    FacebankUpdated,
    RunCancelled,
    RunStarted,
    ScreenTimeReported,
    SegmentEmbedded,
    SegmentReady,
)
from contracts.rows import ScreenTimeDocument
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.local.servers import ChildEvent, ServiceProcess
from screenalytics.local.servers.ports import choose_free_port
from tests.e2e.conftest import DETECTOR_PORT, MEDIA, SHOW
from tests.support.pipeline import (
    PATIENCE_S,
    Pipeline,
    content_of,
    everything_twice,
    figures_of,
    new_traceparent,
    parse_log_lines,
    parse_spans,
)

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

ROOT = Path(__file__).resolve().parents[2]
FIRST = f"{SHOW}-s01e01"
SCRIPT_TIMEOUT_S = 150


@dataclass(frozen=True, kw_only=True)
class Journey:
    """A finished episode."""

    run_id: str
    figures: dict[str, object]
    trace_id: str
    objects: int
    document: ScreenTimeDocument


@pytest_asyncio.fixture(scope="package")
async def journey(pipeline: Pipeline, short_video: Path, tmp_path_factory: pytest.TempPathFactory) -> Journey:
    """The short episode, emitted and awaited by a program that imports nothing of the project."""
    s3 = pipeline.settings.s3
    trace_id, traceparent = new_traceparent()
    task = {
        "video": str(short_video),
        "ep_id": FIRST,
        "kafka": pipeline.settings.kafka.bootstrap_servers,
        "bucket": s3.bucket,
        "s3": {
            "endpoint_url": s3.endpoint_url,
            "aws_access_key_id": revealed(s3.access_key),
            "aws_secret_access_key": revealed(s3.secret_key),
            "region_name": s3.region,
        },
        "traceparent": traceparent,
    }
    script = ROOT / "tests" / "e2e" / "outside_emitter.py"
    said = await run_script(
        ["-I", str(script), json.dumps(task)], cwd=tmp_path_factory.mktemp("outside"), environment={}
    )
    document = ScreenTimeDocument.model_validate(said["document"])
    report = ScreenTimeReported.model_validate(said["report"])
    objects = await pipeline.objects(f"artifacts/segments/{FIRST}/{report.run_id}/")
    return Journey(
        run_id=report.run_id,
        figures=figures_of(document),
        trace_id=trace_id,
        objects=len(objects),
        document=document,
    )


@pytest_asyncio.fixture(scope="package")
async def long_figures(pipeline: Pipeline, long_video: Path) -> dict[str, object]:
    """Figures of the long episode, undisturbed and by one worker per stage."""
    return await pipeline.figures(await pipeline.finished(await pipeline.upload(long_video, f"{SHOW}-s01e50")))


async def test_an_outside_emitter_gets_the_report_of_its_episode(pipeline: Pipeline, journey: Journey) -> None:
    assert journey.document.episode_id == FIRST
    assert sum(person.visible_s for person in journey.document.cast) > 5.0
    assert len(pipeline.log.of(SegmentReady, run_id=journey.run_id)) == 4


async def test_an_emitter_of_the_project_gets_the_same_report(
    pipeline: Pipeline, journey: Journey, short_video: Path
) -> None:
    report = await pipeline.finished(await pipeline.upload(short_video, f"{SHOW}-s01e02"))
    assert await pipeline.figures(report) == journey.figures


async def test_a_subscriber_needs_nothing_but_the_contracts_package(
    pipeline: Pipeline, journey: Journey, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "contracts", tmp_path / "contracts", ignore=shutil.ignore_patterns("__pycache__"))
    script = shutil.copy(ROOT / "tests" / "e2e" / "plain_subscriber.py", tmp_path)
    said = await run_script(
        [str(script), pipeline.settings.kafka.bootstrap_servers, FIRST],
        cwd=tmp_path,
        environment={"PYTHONPATH": str(tmp_path)},
    )
    assert said["contracts"] == str(tmp_path / "contracts" / "__init__.py")
    assert said["others"] == []
    assert said["seconds"] == {person.cast_id: person.visible_s for person in journey.document.cast}


async def test_one_trace_goes_through_all_five_services(pipeline: Pipeline, journey: Journey) -> None:
    def names_of(service: str) -> set[str]:
        spans = parse_spans(pipeline.machine.stack.log_path(service).read_text())
        return {span["name"] for span in spans if span["context"]["trace_id"] == f"0x{journey.trace_id}"}

    async with asyncio.timeout(PATIENCE_S):  # ingest hears of the report when we do
        while "ingest screentime.reported" not in names_of("ingest"):
            await asyncio.sleep(0.1)
    names = {service: names_of(service) for service in STAGES}
    assert "ingest episode.uploaded" in names["ingest"]
    assert names["detector"] == {"detector segment.ready"}
    assert names["embedder"] == {"embedder segment.tracked"}
    assert names["grouper"] == {"grouper segment.embedded"}
    assert names["identity"] == {"identity episode.changed", "identity episode.grouped"}


async def test_log_lines_say_what_they_are_about(pipeline: Pipeline, journey: Journey) -> None:
    for service in STAGES:
        lines = parse_log_lines(pipeline.machine.stack.log_path(service).read_text())
        about = [line for line in lines if line.get("run_id") == journey.run_id]
        assert about, service
        assert {line["event"] for line in about} >= {"event handled"}
        for line in about:
            assert (line["service"], line["ep_id"], line["trace_id"]) == (service, FIRST, journey.trace_id)
        segments = {line["segment"] for line in about if str(line["topic"]).startswith("segment.")}
        assert segments == ({0, 1, 2, 3} if service in {"detector", "embedder", "grouper"} else set())


async def test_every_event_delivered_twice_changes_nothing(
    pipeline: Pipeline, journey: Journey, short_video: Path
) -> None:
    ep_id = f"{SHOW}-s01e03"

    def about(event: Event) -> bool:
        return getattr(event, "ep_id", None) == ep_id

    async with everything_twice(pipeline, about=about):
        report = await pipeline.finished(await pipeline.upload(short_video, ep_id))
    assert await pipeline.figures(report) == journey.figures

    said = said_about(pipeline, about)
    assert all(len(contents) >= 2 for contents in said.values())
    assert {event_id: contents for event_id, contents in said.items() if len(set(contents)) > 1} == {}
    ids = {
        kind: {event.event_id for event in pipeline.log.of(kind, ep_id=ep_id)} for kind in (RunStarted, SegmentReady)
    }
    assert (len(ids[RunStarted]), len(ids[SegmentReady])) == (1, 4)
    assert len({event.event_id for event in pipeline.log.of(ScreenTimeReported, ep_id=ep_id)}) == 1

    database = pipeline.database
    run = {"run_id": report.run_id}
    assert await database["runs"].count_documents({"ep_id": ep_id}) == 1
    assert await database["run_segments"].count_documents(run) == 4
    assert await database["grouper_segments"].count_documents(run) == 4
    assert await database["screen_time"].count_documents(run) == 1
    assert len(await pipeline.objects(f"artifacts/segments/{ep_id}/{report.run_id}/")) == journey.objects


async def test_a_cast_delivered_twice_at_once_and_later_is_taken_once(pipeline: Pipeline) -> None:
    show = f"{SHOW}-again"

    def about(event: Event) -> bool:
        return getattr(event, "show", None) == show

    everybody = await emitter.upload_pictures(pipeline.storage, show, read_cast_folder(MEDIA / "facebank").members)
    whole = emitter.cast_uploaded(show, everybody[:1])
    more = whole.model_copy(update={"cast": everybody[1:2], "replace": False, "request_id": "one-more"})
    async with everything_twice(pipeline, about=about):
        for cast in (whole, more):
            await pipeline.emit(cast)
            await pipeline.log.first(FacebankUpdated, request_id=cast.request_id)
    facebank = await pipeline.database["facebanks"].find_one({"_id": show})
    late = next(seen for seen in pipeline.log.seen if seen.event == whole)
    await pipeline.republish(late)
    await pipeline.log.quiet(1.5)

    said = said_about(pipeline, about)
    assert (len(said), len(said[late.event_id])) == (4, 3), "two requests and what each was answered"
    assert all(len(contents) >= 2 for contents in said.values())
    assert len(said[pipeline.log.of(FacebankUpdated, request_id=whole.request_id)[0].event_id]) >= 4
    assert {event_id: contents for event_id, contents in said.items() if len(set(contents)) > 1} == {}
    answers = {event.request_id: event for event in pipeline.log.of(FacebankUpdated, show=show)}
    assert [answers[cast.request_id].revision for cast in (whole, more)] == [1, 2]
    assert await pipeline.database["facebanks"].find_one({"_id": show}) == facebank
    assert facebank is not None
    assert set(facebank["members"]) == {member.cast_id for member in everybody[:2]}
    of_show = {"show": show}
    accepted = sum(verdict.accepted for event in answers.values() for verdict in event.verdicts)
    assert await pipeline.database["facebank_pictures"].count_documents(of_show) == accepted > 0
    assert await pipeline.database["facebank_requests"].count_documents(of_show) == 2


async def test_segments_that_arrive_in_the_opposite_order_give_the_same_result(
    pipeline: Pipeline, journey: Journey
) -> None:
    ep_id, run_id = f"{SHOW}-s01e04", "0" + journey.run_id[1:-4] + "ZZZZ"
    embedded = {event.segment: event for event in pipeline.log.of(SegmentEmbedded, run_id=journey.run_id)}
    for count, segment in enumerate(sorted(embedded, reverse=True), start=1):
        await pipeline.emit(embedded[segment].model_copy(update={"ep_id": ep_id, "run_id": run_id}))
        async with asyncio.timeout(30):
            while await pipeline.database["grouper_segments"].count_documents({"run_id": run_id}) < count:
                await asyncio.sleep(0.02)
    report = await pipeline.log.first(ScreenTimeReported, run_id=run_id)
    assert await pipeline.figures(report) == journey.figures


async def test_the_same_content_uploaded_again_is_answered_with_the_run_there_is(
    pipeline: Pipeline, journey: Journey, short_video: Path
) -> None:
    again = await pipeline.upload(short_video, FIRST)
    assert (await pipeline.started(again)).run_id == journey.run_id
    await pipeline.log.quiet(1.0)
    assert len(pipeline.log.of(ScreenTimeReported, run_id=journey.run_id)) == 2
    assert await pipeline.database["runs"].count_documents({"ep_id": FIRST}) == 1
    assert len(pipeline.log.of(SegmentReady, ep_id=FIRST)) == 4


async def test_events_of_an_older_run_are_dropped(pipeline: Pipeline, journey: Journey, short_video: Path) -> None:
    forced = await pipeline.upload(short_video, FIRST, force=True)
    report = await pipeline.finished(forced)
    assert report.run_id > journey.run_id
    assert await pipeline.figures(report) == journey.figures
    await pipeline.log.quiet(1.0)

    repeated = (SegmentReady, SegmentEmbedded, EpisodeGrouped, EpisodeProgress)
    late = [seen for seen in pipeline.log.seen if getattr(seen.event, "run_id", None) == journey.run_id]
    before = await pipeline.database["runs"].find_one({"_id": journey.run_id})
    for seen in late:
        if isinstance(seen.event, repeated):
            await pipeline.republish(seen)
    await pipeline.log.quiet(1.5)
    after = [seen.event for seen in pipeline.log.seen if getattr(seen.event, "run_id", None) == journey.run_id]
    assert len(after) == len(late) + sum(isinstance(seen.event, repeated) for seen in late), "nobody answered"
    assert await pipeline.database["runs"].find_one({"_id": journey.run_id}) == before
    current = await pipeline.database["identities"].find_one({"_id": FIRST})
    assert current is not None
    assert current["run_id"] == report.run_id


async def test_two_detectors_share_the_segments(
    pipeline: Pipeline, long_video: Path, long_figures: dict[str, object], tmp_path: Path
) -> None:
    port = choose_free_port()
    second = ServiceProcess(
        service="detector",
        directory=tmp_path / "detector",
        log_path=tmp_path / "detector.log",
        variables={**pipeline.machine.stack.environment(), "SCREENALYTICS_HTTP__PORT": str(port)},
        health_url=f"http://127.0.0.1:{port}/internal/ready",
    )
    before = await handled_segments(DETECTOR_PORT)
    await second.run(timeout=60)
    try:
        await both_assigned(second)
        report = await pipeline.finished(await pipeline.upload(long_video, f"{SHOW}-s01e51"))
        shares = (await handled_segments(DETECTOR_PORT) - before, await handled_segments(port))
    finally:
        await second.stop(grace_seconds=10)
    assert sum(shares) == 8
    assert min(shares) >= 1
    assert await pipeline.figures(report) == long_figures


async def test_a_later_run_supersedes_an_open_one(
    pipeline: Pipeline, long_video: Path, long_figures: dict[str, object]
) -> None:
    ep_id = f"{SHOW}-s01e52"
    first = await pipeline.started(await pipeline.upload(long_video, ep_id))
    forced = await pipeline.upload(long_video, ep_id, force=True)
    second = await pipeline.started(forced)
    cancelled = await pipeline.log.first(RunCancelled, run_id=first.run_id)
    assert cancelled.reason == "superseded"
    assert second.run_id > first.run_id
    assert await pipeline.figures(await pipeline.finished(forced)) == long_figures
    await pipeline.log.quiet(1.0)
    assert pipeline.log.of(ScreenTimeReported, run_id=first.run_id) == []
    run = await pipeline.database["runs"].find_one({"_id": first.run_id})
    assert run is not None
    assert (run["state"], run["superseded_by"]) == ("superseded", second.run_id)


async def test_services_that_are_killed_or_stopped_in_the_middle_change_nothing(
    pipeline: Pipeline, long_video: Path, long_figures: dict[str, object], child_events: list[ChildEvent]
) -> None:
    children = {child.name: child for child in pipeline.machine.children}
    upload = await pipeline.upload(long_video, f"{SHOW}-s01e53")
    run = await pipeline.started(upload)
    await pipeline.log.first(EpisodeProgress, run_id=run.run_id, stage="detector")
    for name, number in (("detector", signal.SIGKILL), ("grouper", signal.SIGKILL), ("embedder", signal.SIGTERM)):
        pid = children[name].pid
        assert pid is not None
        os.kill(pid, number)
    report = await pipeline.finished(upload)
    assert await pipeline.figures(report) == long_figures
    assert {"detector", "grouper", "embedder"} <= {event.name for event in child_events}
    assert await pipeline.database["grouper_segments"].count_documents({"run_id": run.run_id}) == 8
    assert await pipeline.database["screen_time"].count_documents({"run_id": run.run_id}) == 1
    assert len({event.event_id for event in pipeline.log.of(ScreenTimeReported, run_id=run.run_id)}) == 1


def said_about(pipeline: Pipeline, about: Callable[[Event], bool]) -> dict[str, list[str]]:
    """Event id -> what was said under it, as often as it was delivered."""
    said: dict[str, list[str]] = {}
    for seen in pipeline.log.seen:
        if about(seen.event):
            said.setdefault(seen.event_id, []).append(content_of(seen))
    return said


async def run_script(arguments: list[str], *, cwd: Path, environment: dict[str, str]) -> dict[str, object]:
    """Run a Python program that knows nothing of this process; its last line of output is JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), SCRIPT_TIMEOUT_S)
    assert process.returncode == 0, errors.decode()[-3000:]
    answer: dict[str, object] = json.loads(out.splitlines()[-1])
    return answer


async def handled_segments(port: int) -> int:
    """How many segments the detector on this port has handled."""
    text = await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/internal/metrics")
    found = re.search(r'screenalytics_events_handled_total\{topic="segment.ready"\} (\S+)', text)
    return int(float(found.group(1))) if found else 0


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


async def both_assigned(second: ServiceProcess) -> None:
    """Wait until the second detector says that it has joined its group."""
    async with asyncio.timeout(60):
        while "service started" not in second.log_path.read_text():
            await asyncio.sleep(0.1)
