"""Works an episode's questions over the API in some order, and notes after each answer how many seconds are still wrong."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

from benchmarks.effort.operator import Json, Operator, Scene
from benchmarks.effort.owners import Answers
from chassis.domain.intervals import normalise

Order = Literal["queue", "largest first", "typed"]
ORDERS: tuple[Order, ...] = ("queue", "largest first", "typed")
"""As asked; everybody by their seconds, answered with the same keys; the same with every name typed."""
BY_NAME = frozenset({"is_this", "who", "leftover"})
PATIENCE_S = 120.0
WAIT_S = 10
MOST_ANSWERS = 600
MOST_SHOWN = 200


@dataclass(frozen=True, kw_only=True)
class Step:
    """After an answer: keys so far, seconds wrong; what was asked, the doubt and worth it said, and whether it was wrong."""

    keys: int
    wrong_s: float
    kind: str
    worth_s: float
    doubt: float
    answer: str
    was_wrong: bool


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two people whom the grouper keeps apart: how far, in its merge distances, and whether they are one person."""

    distance: float
    is_one: bool


@dataclass(frozen=True, kw_only=True)
class Worked:
    """One episode worked through. `pairs` are those that look alike before anything is answered.

    `stops_at` is the number of steps after which the queue said that nothing pays.
    """

    order: Order
    begins_s: float
    steps: tuple[Step, ...]
    pairs: tuple[Pair, ...]
    stops_at: int | None
    undecided_s: float
    asked_twice: int
    seconds: float = field(compare=False)


class Api:
    """The calls that the console makes."""

    def __init__(self, url: str, ep_id: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60)
        self.ep_id = ep_id

    def get(self, path: str, **query: Any) -> Json:
        answer = self._client.get(path, params=query)
        answer.raise_for_status()
        data: Json = answer.json()["data"]
        return data

    def carry_out(self, method: str, path: str, body: Json | None) -> None:
        """Send a command and wait until the screen time has its effect."""
        headers = {"If-Match": "*", "Idempotency-Key": uuid.uuid4().hex}
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self._client.request(method, path, json=body, headers=headers, params={"wait_s": WAIT_S})
            if answer.is_error:
                raise RuntimeError(f"{method} {path} {body}: {answer.status_code} {answer.text}")
            if answer.json()["data"].get("revision") is not None:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path} has no effect")

    def scene(self) -> Scene:
        return Scene.of(self.get(f"/timeline/{self.ep_id}"))

    def review(self, questions: int) -> Json:
        return self.get(f"/review/{self.ep_id}", limit=questions)

    def pairs(self, answers: Answers) -> list[Pair]:
        """People who look alike and are kept apart, nearest first; those of nobody real are left out."""
        seconds = self.scene().seconds
        found: list[Pair] = []
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = self.get(f"/clusters/{self.ep_id}/duplicates", limit=MOST_SHOWN, **more)
            for pair in page["items"]:
                owners = [answers.main_owner(seconds.get(pair[one]["identity_id"], {})) for one in ("first", "second")]
                if None not in owners:
                    found.append(Pair(distance=pair["distance"], is_one=owners[0] == owners[1]))
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    def wrong(self, answers: Answers) -> float:
        """Seconds that are wrong in the screen time as it is reported now."""
        document = self.get(f"/screen-time/{self.ep_id}")
        named = {member["cast_id"]: normalise(member["intervals_s"]) for member in document["cast"]}
        return answers.wrong_seconds(named)


def work(api: Api, answers: Answers, cast: dict[str, str], order: Order) -> Worked:
    """Answers everything that is asked, in the order of the queue or of the largest people."""
    begun = time.monotonic()
    operator = Operator(api.ep_id, answers, cast, types_names=order == "typed")
    begins_s = wrong = api.wrong(answers)
    pairs = tuple(api.pairs(answers))
    steps: list[Step] = []
    asked: list[str] = []
    keys, stops_at, undecided_s = 0, None, 0.0
    largest = _largest(api.get(f"/timeline/{api.ep_id}"))
    while len(steps) < MOST_ANSWERS:
        review = api.review(1 if order == "queue" else MOST_SHOWN)
        questions = [one for one in review["questions"] if not one["later"]]
        if stops_at is None and review["pays"] == 0:
            stops_at, undecided_s = len(steps), review["undecided_s"]
        scene = api.scene()
        question = next(iter(questions), None) if order == "queue" else next_of(largest, questions, scene, api.ep_id)
        if question is None:
            break
        asked.append(question["id"])
        given = operator.answer(question, scene)
        api.carry_out(given.method, given.path, given.body)
        keys += given.keys
        wrong = api.wrong(answers)
        steps.append(
            Step(
                keys=keys,
                wrong_s=wrong,
                kind=question["kind"],
                worth_s=question["worth_s"],
                doubt=question["doubt"],
                answer=given.answer,
                was_wrong=given.was_wrong,
            )
        )
    return Worked(
        order=order,
        begins_s=begins_s,
        steps=tuple(steps),
        pairs=pairs,
        stops_at=stops_at,
        undecided_s=undecided_s,
        asked_twice=len(asked) - len(set(asked)),
        seconds=time.monotonic() - begun,
    )


def _largest(timeline: Json) -> Iterator[str]:
    """Everybody, the longest on screen first, each once."""
    people = timeline["identities"]
    pairs = zip(people["identity_id"], people["visible_s"], strict=True)
    return iter([one for one, _ in sorted(pairs, key=lambda pair: (-pair[1], pair[0]))])


def next_of(largest: Iterator[str], questions: Sequence[Json], scene: Scene, ep_id: str) -> Json | None:
    """Who the next largest person is, whom nobody has decided on; whoever is asked about among others, is alone."""
    alone = {one["identity_id"]: one for one in questions if one["kind"] in BY_NAME}
    among = {person for one in questions for person in one["identity_ids"]}
    for person in largest:
        if person in alone:
            return alone[person]
        if person in among:
            return _who(person, scene, ep_id)
    return None


def _who(identity_id: str, scene: Scene, ep_id: str) -> Json:
    """The question that would be asked about somebody alone."""
    bodies: dict[str, tuple[str, str, Json]] = {
        "name": ("PUT", f"/links/{ep_id}/{identity_id}", {}),
        "extra": ("POST", f"/extras/{ep_id}", {"identity_ids": [identity_id]}),
        "nobody": ("POST", f"/clusters/{ep_id}/drop", {"kind": "drop", "track_ids": list(scene.seconds[identity_id])}),
    }
    return {
        "id": f"who-{identity_id}",
        "kind": "who",
        "identity_id": identity_id,
        "cast_id": None,
        "choices": [],
        "worth_s": 0.0,
        "doubt": 0.0,
        "answers": [
            {"answer": answer, "method": method, "path": path, "body": body}
            for answer, (method, path, body) in bodies.items()
        ],
    }
