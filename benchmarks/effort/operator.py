"""An operator who knows the truth and answers what the console asks, with the keys that the console has for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.effort.keys import A_KEY, NameField
from benchmarks.effort.owners import Answers

Json = dict[str, Any]
"""A document as the API sends it."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """An answer: how many keys it took, and what the console sends for it.

    `was_wrong`: whether what is there is not as it should be.
    """

    keys: int
    answer: str
    was_wrong: bool
    method: str
    path: str
    body: Json | None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who holds which tracks now, in seconds, by identity id; and whom each counts as, by cast id."""

    seconds: Mapping[str, Mapping[str, float]]
    cast_of: Mapping[str, str | None]

    @staticmethod
    def of(timeline: Json) -> Scene:
        """From the columns that the console draws."""
        people, tracks = timeline["identities"], timeline["tracks"]
        seconds: dict[str, dict[str, float]] = {one: {} for one in people["identity_id"]}
        for track, place, start, end in zip(
            tracks["track_id"], tracks["identity"], tracks["start_ms"], tracks["end_ms"], strict=True
        ):
            if place >= 0:
                seconds[people["identity_id"][place]][track] = (end - start) / 1000
        return Scene(seconds=seconds, cast_of=dict(zip(people["identity_id"], people["cast_id"], strict=True)))


class Operator:
    """Answers questions of `/review/{ep_id}`.

    `cast` are names by id of those who are in the show's cast already; a name that is not is typed in full. One who
    `types_names` takes no suggestion for anybody who has no name yet.
    """

    def __init__(self, ep_id: str, answers: Answers, cast: Mapping[str, str], *, types_names: bool = False) -> None:
        self._ep_id = ep_id
        self._types_names = types_names
        self._answers = answers
        self._field = NameField(options=dict(cast))

    def answer(self, question: Json, scene: Scene) -> Given:
        """What the truth says, by the fewest keys that the console has for it."""
        kind = question["kind"]
        if kind == "same":
            same = self._owner(question["identity_id"], scene) == self._owner(question["other_id"], scene)
            return _sent(question, "yes" if same else "no")
        if kind == "two":
            own = scene.seconds[question["identity_id"]]
            second = {track: own[track] for track in question["track_ids"] if track in own}
            rest = {track: value for track, value in own.items() if track not in second}
            return _sent(
                question, "no" if self._answers.main_owner(second) == self._answers.main_owner(rest) else "yes"
            )
        if kind == "belongs":
            (track,) = question["track_ids"]
            belongs = self._answers.owner_of.get(track) == self._owner(question["identity_id"], scene)
            return _sent(question, "yes" if belongs else "no")
        if kind == "extras":
            owners = [self._owner(one, scene) for one in question["identity_ids"]]
            return _sent(question, "no" if any(one in self._answers.members for one in owners) else "yes")
        if kind == "two_places":
            return self._in_two_places(question, scene)
        return self._name(question, scene)

    def _owner(self, identity_id: str, scene: Scene) -> str | None:
        return self._answers.main_owner(scene.seconds[identity_id])

    def _in_two_places(self, question: Json, scene: Scene) -> Given:
        right = [self._owner(question[one], scene) == question["cast_id"] for one in ("identity_id", "other_id")]
        if all(right):
            return _sent(question, "both")
        return _sent(question, "second" if right[1] else "first")

    def _name(self, question: Json, scene: Scene) -> Given:
        owner = self._owner(question["identity_id"], scene)
        if owner is None:
            return _sent(question, "nobody")
        if owner not in self._answers.members:
            return _sent(question, "extra")
        has_yes = any(one["answer"] == "yes" for one in question["answers"])
        has_name = scene.cast_of[question["identity_id"]] is not None
        if has_yes and question["cast_id"] == owner and (has_name or not self._types_names):
            return _sent(question, "yes")
        if any(one["cast_id"] == owner for one in question["choices"][:5]) and not self._types_names:
            return _sent(question, "name", cast_id=owner)
        opened = A_KEY  # Enter, or W where that says yes
        if owner in self._field.options:
            suggested = [] if self._types_names else [one["cast_id"] for one in question["choices"]]
            typed = self._field.keys_to_pick(owner, suggested)
            return _sent(question, "name", keys=opened + typed, cast_id=owner)
        name = self._answers.members[owner]
        typed = self._field.keys_to_add(name)
        self._field.options[owner] = name
        return Given(
            keys=opened + typed,
            answer="new",
            was_wrong=True,
            method="POST",
            path=f"/links/{self._ep_id}/{question['identity_id']}/new-member",
            body={"name": name},
        )


def _sent(question: Json, answer: str, *, keys: int = A_KEY, **more: str) -> Given:
    """The request of an answer that a question has."""
    found = next(one for one in question["answers"] if one["answer"] == answer)
    body = {**(found["body"] or {}), **more}
    return Given(
        keys=keys,
        answer=answer,
        was_wrong=_was_wrong(question, answer),
        method=found["method"],
        path=found["path"],
        body=body or None,
    )


def _was_wrong(question: Json, answer: str) -> bool:
    """By the answer. Whether a name is there already, a question says only by what its answers change."""
    if question["kind"] == "is_this":
        yes = next(one for one in question["answers"] if one["answer"] == "yes")
        return answer in {"yes", "name"} if yes["effect_s"] > 0 else answer != "yes"
    if question["kind"] in {"who", "leftover"}:
        return answer in {"yes", "name"}
    if question["kind"] in {"belongs", "extras"}:
        return answer == "no"
    return answer in {"yes", "first", "second"}
