"""The detector begins the next segment while it finishes the last one, and takes that up in its turn."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.kafka.bus import Origin
from contracts.events import SegmentReady, SegmentTracked
from services.detector import handlers
from services.detector.analysis import SegmentAnalysis
from services.detector.handlers import DetectorHandlers
from services.detector.settings import DetectorSettings
from tests.unit.detector.test_again import BEFORE, Memory, ready

ORIGIN: Any = Origin
FIRST, SECOND, THIRD = (ready(segment=number, tracks_of=None) for number in (0, 1, 2))


class Films(Memory):
    """A storage, a broker, an inference server and models of which only what is asked of them is known."""

    def __init__(self, *coming: SegmentReady) -> None:
        super().__init__()
        self.coming = list(coming)
        self.happened: list[str] = []
        self.model_id = "finder"

    async def put(self, key: str, data: bytes, **what: object) -> Any:
        if key.endswith(f"{SegmentTracked.TOPIC}.json"):
            self.happened.append(f"stored {int(key.split('/')[-2])}")
        return await super().put(key, data, **what)

    async def get_presigned_url(self, uri: str, *, expires_s: int) -> str:
        return f"{uri}?{expires_s}"

    async def upcoming(self, _event: type[SegmentReady]) -> SegmentReady | None:
        return self.coming[0] if self.coming else None

    def require_inference(self) -> Any:
        async def finder() -> Films:
            return self

        return SimpleNamespace(finder=finder)

    async def analyse_segment(
        self, _source: object, *, segment: int, when_looked_at: Any, **_: object
    ) -> SegmentAnalysis:
        self.happened.append(f"begun {segment}")
        await asyncio.sleep(0)
        when_looked_at()
        for _turn in range(20):
            await asyncio.sleep(0)
        return SegmentAnalysis(
            detections=(),
            shots=(),
            tracks=(),
            faces=(),
            crops_zip=b"",
            cut_at_end=False,
            decoded_frames=500,
            analysed_frames=160,
            warnings=(),
            took_s=2.0,
            decode_cpu_s=1.0,
        )

    def detector(self, monkeypatch: pytest.MonkeyPatch) -> DetectorHandlers:
        monkeypatch.setattr(handlers, "analyse_segment", self.analyse_segment)
        resources = SimpleNamespace(
            storage=self, bus=self, settings=DetectorSettings(), require_inference=self.require_inference
        )
        return DetectorHandlers(resources)  # type: ignore[arg-type]


async def test_the_next_segment_is_begun_before_this_one_is_stored_and_not_begun_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    films = Films(SECOND)
    detector = films.detector(monkeypatch)
    done, _ = await detector.segment_ready(FIRST, ORIGIN)
    assert films.happened == ["begun 0", "begun 1", "stored 0"]
    films.coming = []
    second, _ = await detector.segment_ready(SECOND, ORIGIN)
    assert films.happened == ["begun 0", "begun 1", "stored 0", "stored 1"]
    assert isinstance(done, SegmentTracked) and isinstance(second, SegmentTracked)
    assert (done.segment, second.segment) == (0, 1)
    assert second.busy_s >= 2.0, "what was done ahead is part of what it took"


async def test_another_segment_than_was_expected_is_analysed_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    films = Films(SECOND)
    detector = films.detector(monkeypatch)
    await detector.segment_ready(FIRST, ORIGIN)
    films.coming = []
    await detector.segment_ready(THIRD, ORIGIN)
    assert films.happened == ["begun 0", "begun 1", "stored 0", "begun 2", "stored 2"]


@pytest.mark.parametrize("why", ["it goes on from another run's tracks", "it was done before"])
async def test_a_segment_whose_video_need_not_be_read_is_not_begun(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    films = Films(SECOND)
    detector = films.detector(monkeypatch)
    if why == "it was done before":
        await detector.segment_ready(SECOND, ORIGIN)
        await detector.ahead.take(THIRD)
        films.happened.clear()
    else:
        films.coming = [SECOND.model_copy(update={"tracks_of": BEFORE})]
    await detector.segment_ready(FIRST, ORIGIN)
    assert films.happened == ["begun 0", "stored 0"]
