"""`models use` on a whole machine: everything is embedded again, nothing of two models is ever compared.

The other embedder is SFace with its numbers in reverse order: as good, and beside vectors of SFace worth nothing.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from contracts.events import STAGES, FacebankUpdated, RunStarted, ScreenTimeReported
from contracts.rows import DetectionRow, FaceRow, ScreenTimeDocument
from screenalytics.events import emitter
from screenalytics.events.cast_folder import read_cast_folder
from screenalytics.local.machine import API, EMBEDDER_MODEL, run_machine
from screenalytics.local.servers import check_installed
from screenalytics.local.servers.ports import choose_free_port
from screenalytics.weights import default_cache_dir, load_registry, pull
from screenalytics.weights.fetch import sha256_of
from screenalytics.weights.registry import FileSource, default_overlay, write_overlay
from tests.e2e.conftest import MEDIA
from tests.support.pipeline import Pipeline, pipeline_on

pytestmark = [pytest.mark.e2e, pytest.mark.integration]

SHOW = "another"
OTHER, OTHER_ID = "reversed", "sface-in-reverse"
COMMAND_TIMEOUT_S = 120


def reverse_sface(folder: Path) -> Path:
    """The served SFace with the numbers of its answer in reverse order."""
    pull(load_registry(), default_cache_dir(), lambda _: None, models=["sface"])
    model = onnx.load(str(default_cache_dir() / "repository" / "sface" / "1" / "model.onnx"))
    (answer,) = model.graph.output
    for node in model.graph.node:
        node.output[:] = ["in_order" if name == answer.name else name for name in node.output]
    backwards = np.arange(answer.type.tensor_type.shape.dim[1].dim_value)[::-1].copy()
    model.graph.initializer.append(numpy_helper.from_array(backwards, "backwards"))
    model.graph.node.append(helper.make_node("Gather", ["in_order", "backwards"], [answer.name], axis=1))
    target = folder / "reversed.onnx"
    onnx.save(model, str(target))
    return target


@pytest.fixture
def another_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry in which the other embedder is known, and a cache of its own beside what is downloaded already."""
    if check_installed():
        pytest.skip(f"embedded servers missing: {check_installed()}")
    source, usual = reverse_sface(tmp_path), default_cache_dir()
    cache = tmp_path / "cache"
    (cache / "repository").mkdir(parents=True)
    for known in [*usual.iterdir(), *(usual / "repository").iterdir()]:
        link = cache / known.relative_to(usual)
        if known.name not in {"repository", "manifest.json", "pull.lock"}:
            link.symlink_to(known)
    (cache / "repository" / "manifest.json").write_bytes((usual / "repository" / "manifest.json").read_bytes())
    monkeypatch.setenv("SCREENALYTICS_CACHE_DIR", str(cache))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(EMBEDDER_MODEL, raising=False)
    spec = (
        load_registry()
        .models["sface"]
        .model_copy(
            update={
                "model_id": OTHER_ID,
                "converter": "as_is",
                "options": {},
                "source": FileSource(path=source, sha256=sha256_of(source)),
            }
        )
    )
    default_overlay().parent.mkdir(parents=True, exist_ok=True)
    write_overlay(default_overlay(), {OTHER: spec})


@asynccontextmanager
async def machine(keep: Path, api_port: int) -> AsyncIterator[Pipeline]:
    """A machine on a folder that stays."""
    async with (
        run_machine(
            keep=keep,
            services=[*STAGES, API],
            http_ports={API: api_port},
            say=lambda _: None,
            on_event=lambda _: None,
        ) as running,
        pipeline_on(running) as pipeline,
    ):
        yield pipeline


async def use(model: str, *, api_port: int | None = None) -> str:
    """What `models use` says."""
    address = {} if api_port is None else {"SCREENALYTICS_API_URL": f"http://127.0.0.1:{api_port}"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "screenalytics", "models", "use", model),
        env={**os.environ, **address},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), COMMAND_TIMEOUT_S)
    assert process.returncode == 0, errors.decode()[-3000:]
    return out.decode()


async def document_of(pipeline: Pipeline, report: ScreenTimeReported) -> ScreenTimeDocument:
    return await pipeline.storage.get_document(report.manifests["screen_time.json"], ScreenTimeDocument)


def seconds_of(document: ScreenTimeDocument) -> dict[str, float]:
    return {person.cast_id: person.visible_s for person in document.cast}


async def test_everything_is_embedded_again_and_nothing_of_two_models_is_compared(
    another_model: None, short_video: Path, tmp_path: Path
) -> None:
    keep, port = tmp_path / "kept", choose_free_port()
    async with machine(keep, port) as pipeline:
        members = read_cast_folder(MEDIA / "facebank").members
        cast = emitter.cast_uploaded(SHOW, await emitter.upload_pictures(pipeline.storage, SHOW, members))
        await pipeline.emit(cast)
        await pipeline.log.first(FacebankUpdated, request_id=cast.request_id)
        before = await pipeline.finished(await pipeline.upload(short_video, f"{SHOW}-s01e01"))
        named = seconds_of(await document_of(pipeline, before))
        detections = await pipeline.storage.get_rows(before.manifests["detections.jsonl"], DetectionRow)
    assert sum(named.values()) > 5.0

    assert "next start" in await use(OTHER)
    async with machine(keep, port) as pipeline:
        second = await pipeline.finished(await pipeline.upload(short_video, f"{SHOW}-s01e02"))
        strangers = await document_of(pipeline, second)
        assert not any(seconds_of(strangers).values()), "nobody is named by pictures of another model"
        assert strangers.unidentified
        assert all("models use" in person.reason for person in strangers.unidentified)

        reason = f"Embedded again with {OTHER_ID}, before with {load_registry().models['sface'].model_id}."
        said = await use(OTHER, api_port=port)
        assert "pictures embedded" in said
        started = await pipeline.log.first(RunStarted, ep_id=before.ep_id, reason=reason)
        assert started.run_id != before.run_id
        report = await pipeline.log.first(ScreenTimeReported, run_id=started.run_id)
        assert report.reason == reason, "subscribers hear why there is a new result"
        again = await document_of(pipeline, report)
        assert seconds_of(again) == named
        assert again.models is not None and again.models["face_embedder"] == OTHER_ID
        assert any(OTHER_ID in change for change in again.changes), "the revision says why it is there"
        faces = await pipeline.storage.get_rows(report.manifests["faces.jsonl"], FaceRow)
        assert {face.model_id for face in faces if face.embedding_row is not None} == {OTHER_ID}
        anew = await pipeline.storage.get_rows(report.manifests["detections.jsonl"], DetectionRow)
        assert anew == detections, "no picture was looked at again"

        runs = len(pipeline.log.of(RunStarted))
        await use(OTHER, api_port=port)
        await pipeline.log.quiet(1.0)
        assert len(pipeline.log.of(RunStarted)) == runs, "said again, it does nothing"
