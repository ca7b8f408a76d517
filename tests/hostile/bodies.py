"""Bodies: large, endless, of another kind, or small and heavy."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.hostile.attack import Attack
from tests.hostile.target import EPISODE, Target
from tests.hostile.wire import Line, ask, head, line_to, pour, tally

EPISODES, VIDEO = "/episodes", f"/episodes/{EPISODE}/video"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
CHUNKED = {"Transfer-Encoding": "chunked"}
CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
MIB = 2**20
PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'


async def _announced(
    target: Target, *, path: str = EPISODES, kind: dict[str, str] = JSON, role: str | None = None, mib: int
) -> str:
    headers = {**kind, "Content-Length": mib * MIB}
    return await pour(target, path, headers, key=target.keys.get(role or ""), mib=mib)


async def _unannounced(target: Target, *, path: str = EPISODES, kind: dict[str, str] = JSON, role: str | None) -> str:
    return await pour(target, path, {**kind, **CHUNKED}, key=target.keys.get(role or ""), piece=CHUNK, mib=64)


async def _json(target: Target, *, body: bytes, headers: dict[str, str] = JSON) -> str:
    return await ask(target, "POST", EPISODES, key=target.keys["operator"], headers=headers, body=body)


async def _parts(target: Target, *, body: bytes, headers: dict[str, str] = FORM) -> str:
    return await ask(target, "POST", VIDEO, key=target.keys["operator"], headers=headers, body=body)


async def _two_at_once(target: Target) -> str:
    """Two uploads that together are more than a process takes in."""
    opening = head("POST", VIDEO, {**FORM, "Content-Length": 200 * MIB}, key=target.keys["operator"]) + PART

    async def begin(line: Line) -> str:
        await line.send(opening)
        return await line.answer(1.0)

    async with line_to(target) as one, line_to(target) as two:
        return tally(await asyncio.gather(begin(one), begin(two)))


UNKNOWN_FIELDS = b"{" + b",".join(b'"a%d":1' % number for number in range(170_000)) + b"}"

ATTACKS = tuple(
    Attack(family="bodies", name=name, run=run, expected=expected)
    for name, expected, run in (
        (
            "60 MB of application/x+json without a key",
            "401",
            partial(_announced, kind={"Content-Type": "application/x+json"}, mib=60),
        ),
        ("200 MB of a form without a key", "401", partial(_announced, path=VIDEO, kind=FORM, mib=200)),
        ("60 MB of chunks without a key", "401", partial(_unannounced, role=None)),
        ("200 MB of a form from a viewer", "403", partial(_announced, path=VIDEO, kind=FORM, role="viewer", mib=200)),
        ("60 MB of JSON from an operator", "413", partial(_announced, role="operator", mib=60)),
        ("60 MB of JSON in chunks from an operator", "413", partial(_unannounced, role="operator")),
        (
            "60 MB of application/x+json from an operator",
            "415",
            partial(_announced, kind={"Content-Type": "application/x+json"}, role="operator", mib=60),
        ),
        ("a form where JSON is due", "415", partial(_announced, kind=FORM, role="operator", mib=1)),
        (
            "300 MB of video from an operator",
            "413",
            partial(_announced, path=VIDEO, kind=FORM, role="operator", mib=300),
        ),
        ("two videos of 200 MB at once", "1x 429, 1x no answer", _two_at_once),
        ("170,000 unknown fields", "413", partial(_json, body=UNKNOWN_FIELDS)),
        ("600,000 empty lists", "413", partial(_json, body=b"[" + b"[]," * 600_000 + b"[]]")),
        ("15,000 lists in one another", "400", partial(_json, body=b"[" * 15_000)),
        ("a million digits", "400", partial(_json, body=b'{"season":' + b"9" * 10**6 + b"}")),
        ("an infinite number", "400", partial(_json, body=b'{"season":1e999}')),
        (
            "half a character",
            "400",
            partial(_json, body=b'{"show":"my-show","season":1,"episode":2,"title":"\\ud800"}'),
        ),
        (
            "a compressed body",
            "415",
            partial(_json, body=b"\x1f\x8b" * 100, headers=JSON | {"Content-Encoding": "gzip"}),
        ),
        ("1,000 files in one form", "400", partial(_parts, body=(PART + b"x\r\n") * 1000 + b"--x--\r\n")),
        (
            "a form in punycode",
            "415",
            partial(
                _parts, body=PART + b"--x--\r\n", headers={"Content-Type": FORM["Content-Type"] + "; charset=punycode"}
            ),
        ),
    )
)
