"""What the command line makes of the events of a run, in whatever order the topics are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, cast

import pytest
from aiokafka import AIOKafkaConsumer

from chassis.errors import BadInput
from chassis.settings import ChassisSettings
from contracts import envelope
from contracts.events import EpisodeFailed, EpisodeProgress, EpisodeUploaded, Event, RunStarted, ScreenTimeReported
from screenalytics.events import emitter
from screenalytics.events.episode_run import EpisodeNotFinished, EpisodeRun
from screenalytics.events.subscriber import Subscription
from tests.support.examples import EXAMPLES

E = TypeVar("E", bound=Event)


def example(kind: type[E]) -> E:
    return next(event for event in EXAMPLES if isinstance(event, kind))


UPLOAD = example(EpisodeUploaded)
STARTED = example(RunStarted).model_copy(update={"upload_event_id": UPLOAD.event_id})
PROGRESS = example(EpisodeProgress)
REPORT = example(ScreenTimeReported)


class Record:
    def __init__(self, event: Event) -> None:
        message = envelope.encode(event, source="/test")
        self.topic, self.value, self.headers = event.TOPIC, message.value, message.headers


class InThisOrder:
    """A consumer that has read these events. Which topic is read first cannot be arranged with a broker."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = list(events)

    def add(self, event: Event) -> None:
        self._events.append(event)

    async def getone(self) -> Record:
        if not self._events:
            raise TimeoutError
        return Record(self._events.pop(0))


async def follow(events: Sequence[Event]) -> tuple[list[Event], ScreenTimeReported]:
    """What is shown of these events, and the result."""
    shown: list[Event] = []
    run = EpisodeRun(ChassisSettings(), on_event=shown.append, say=lambda _: None, stalled_after_s=5.0)
    subscription = Subscription(cast(AIOKafkaConsumer, InThisOrder(events)))
    started, overtakers = await run.await_start(subscription, UPLOAD)
    return shown, await run.await_report(subscription, started, overtakers)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (2, 1, 0), (2, 0, 1)])
async def test_the_start_of_a_run_may_be_heard_after_its_progress_and_its_result(order: Sequence[int]) -> None:
    events = [STARTED, PROGRESS, REPORT]
    shown, report = await follow([events[number] for number in order])
    assert report == REPORT
    assert shown[0] == STARTED
    assert REPORT in shown


async def test_progress_that_was_heard_first_is_shown() -> None:
    shown, _ = await follow([PROGRESS, STARTED, REPORT])
    assert shown == [STARTED, PROGRESS, REPORT]


async def test_events_of_other_runs_are_passed_over() -> None:
    other = {"run_id": "01JGFJJZ00ABCDEFGHJKMNPQRT"}
    shown, _ = await follow([REPORT.model_copy(update=other), STARTED, PROGRESS.model_copy(update=other), REPORT])
    assert shown == [STARTED, REPORT]


@pytest.mark.parametrize(("code", "kind"), [("internal_error", EpisodeNotFinished), ("not_a_video", BadInput)])
@pytest.mark.parametrize("first", [True, False])
async def test_a_failure_ends_the_run_whenever_it_is_heard(code: str, kind: type[Exception], first: bool) -> None:
    failed = example(EpisodeFailed).model_copy(
        update={"ep_id": STARTED.ep_id, "run_id": STARTED.run_id, "upload_event_id": UPLOAD.event_id, "code": code}
    )
    with pytest.raises(kind):
        await follow([failed, STARTED] if first else [STARTED, failed])


async def test_silence_is_said() -> None:
    with pytest.raises(EpisodeNotFinished, match="Nothing was heard from the pipeline"):
        await follow([STARTED])


@pytest.mark.parametrize("may", [True, False])
async def test_another_video_of_an_episode_is_replaced_only_where_somebody_says_so(
    may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[EpisodeUploaded] = []
    heard = InThisOrder([])

    async def publish(_kafka: object, upload: EpisodeUploaded) -> str:
        published.append(upload)
        mine = {"upload_event_id": upload.event_id}
        refused = {"ep_id": upload.ep_id, "run_id": None, "code": "episode_taken", "message": "It is taken: say so."}
        answer = STARTED if upload.force else example(EpisodeFailed).model_copy(update=refused)
        heard.add(answer.model_copy(update=mine))
        return upload.event_id

    async def asked(reason: str) -> bool:
        assert reason == "It is taken: say so."
        return may

    monkeypatch.setattr(emitter, "publish", publish)
    run = EpisodeRun(ChassisSettings(), on_event=lambda _: None, say=lambda _: None, may_replace=asked)
    subscription = Subscription(cast(AIOKafkaConsumer, heard))
    upload = UPLOAD.model_copy(update={"force": False})
    if not may:
        with pytest.raises(BadInput) as caught:
            await run._begin(subscription, upload)
        assert caught.value.code == "episode_taken"
        return
    _, started, _ = await run._begin(subscription, upload)
    assert started.run_id == STARTED.run_id
    assert [(one.force, one.video) for one in published] == [(False, upload.video), (True, upload.video)]
