"""`screenalytics dlq`: look at dead letters, deliver them again, or put them aside."""

from __future__ import annotations

import json

from chassis.settings import ChassisSettings
from contracts.events import SERVICES
from screenalytics.events.dead_letters import DeadLetter, check_service, open_dead_letters
from screenalytics.terminal.messages import printable

VALUE_SHOWN = 4000


async def list_letters(service: str | None, *, everything: bool) -> int:
    """One line a letter: those that wait, or all."""
    services = SERVICES if service is None else (check_service(service),)
    async with open_dead_letters(ChassisSettings()) as letters:
        found = await letters.read(services)
    shown = [letter for letter in found if everything or letter.state in {"waiting", "replaying"}]
    for letter in shown:
        print(line_of(letter))
    if not shown:
        print("no dead letters" if everything or not found else "no dead letters are waiting; --all shows the others")
    return 0


async def show(place: str) -> int:
    """Everything about one letter, as JSON."""
    async with open_dead_letters(ChassisSettings()) as letters:
        letter = await letters.find(place)
    print(json.dumps(details_of(letter), ensure_ascii=False, indent=1))
    return 0


async def replay(places: list[str], *, again: bool) -> int:
    """Deliver letters to the topics they came from."""
    async with open_dead_letters(ChassisSettings()) as letters:
        for letter in [await letters.find(place) for place in places]:
            if await letters.replay(letter, again=again):
                print(f"{letter.place}: published to {printable(letter.topic)}")
            else:
                print(f"{letter.place}: was {letter.state} before, nothing done; --again delivers it anyway")
    return 0


async def drop(places: list[str]) -> int:
    """Put letters aside."""
    async with open_dead_letters(ChassisSettings()) as letters:
        for letter in [await letters.find(place) for place in places]:
            done = await letters.drop(letter)
            print(f"{letter.place}: dropped" if done else f"{letter.place}: was {letter.state} before, nothing done")
    return 0


def line_of(letter: DeadLetter) -> str:
    """Place, time, what failed and why."""
    fields = (
        letter.place,
        letter.reason("time")[:19],
        letter.state,
        letter.topic,
        letter.key or "-",
        f"{letter.reason('error')}: {letter.reason('message')}",
    )
    return "  ".join(printable(field) for field in fields)


def details_of(letter: DeadLetter) -> dict[str, object]:
    """Reason, key, headers and the beginning of the value; bytes that are no text are escaped."""
    value = letter.value
    text = None if value is None else value.decode("utf-8", "backslashreplace")
    return {
        "place": letter.place,
        "state": letter.state,
        "reason": {
            name: letter.reason(name)
            for name in ("topic", "partition", "offset", "kind", "error", "message", "attempts", "time")
        },
        "key": letter.key,
        "headers": [
            [name, None if raw is None else raw.decode("utf-8", "backslashreplace")] for name, raw in letter.headers
        ],
        "bytes": len(value or b""),
        "value": None if text is None else text[:VALUE_SHOWN],
    }
