"""A result in comparable form: every manifest without what names the run, the moment or the place."""

from __future__ import annotations

import difflib
import hashlib
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import pyarrow.parquet as pq

from chassis.s3.storage import Storage
from contracts.events import ScreenTimeReported
from contracts.rows import CastLinksDocument, ScreenTimeDocument

LEFT_OUT = frozenset({"event_id", "at", "stage_seconds", "stage_cpu_seconds", "changes"})
"""`changes` compares with the episode's run before, which one of two runs may not have."""
_FOLDER = re.compile(r"s3://[^\s\"#]*/")
_OF_THE_RUN = re.compile(r"<dt>Time spent: .*</dd>|<span>Season \d+, episode \d+</span>")
_CHANGES = re.compile(r"""\s*<div class="note change">.*?</div>""", re.DOTALL)
_NO_NOTES = re.compile(r"""<section class="notes"[^>]*>\s*</section>\n?""")
_SHOWN_LINES = 6

Manifests = Mapping[str, str]
"""Manifest name -> comparable text."""


async def comparable_manifests(storage: Storage, report: ScreenTimeReported) -> Manifests:
    """Every manifest of a result, with ids, times and addresses taken out."""
    return {
        name: _comparable(name, await storage.get(reference), report)
        for name, reference in sorted(report.manifests.items())
    }


async def screen_time_of(storage: Storage, report: ScreenTimeReported) -> dict[str, float]:
    """Cast member -> visible seconds, as the result's document says."""
    document = await storage.get_document(report.manifests["screen_time.json"], ScreenTimeDocument)
    return {person.cast_id: person.visible_s for person in document.cast}


async def linked_identities(storage: Storage, report: ScreenTimeReported) -> frozenset[str]:
    """The identities that have a cast member in a result."""
    document = await storage.get_document(report.manifests["cast_links.json"], CastLinksDocument)
    return frozenset(link.identity_id for link in document.links)


def differences(expected: Manifests, found: Manifests) -> list[str]:
    """Where two results differ, as sentences with the first lines of each difference."""
    sentences = [f"{name} is missing" for name in sorted(set(expected) - set(found))]
    sentences += [f"{name} is one too many" for name in sorted(set(found) - set(expected))]
    for name in sorted(set(expected) & set(found)):
        if expected[name] != found[name]:
            lines = difflib.unified_diff(expected[name].splitlines(), found[name].splitlines(), lineterm="", n=0)
            shown = [line[:160] for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}][:_SHOWN_LINES]
            sentences.append(f"{name} differs: {' | '.join(shown)}")
    return sentences


def _comparable(name: str, data: bytes, report: ScreenTimeReported) -> str:
    suffix = name.rpartition(".")[2]
    if suffix == "npy":
        return hashlib.sha256(data).hexdigest()
    if suffix == "parquet":
        rows = pq.read_table(io.BytesIO(data)).to_pylist()
        return _without_names("\n".join(json.dumps(row, sort_keys=True) for row in rows), report)
    text = _without_names(data.decode(), report)
    if suffix == "jsonl":
        return "\n".join(_dumped(json.loads(line)) for line in text.splitlines())
    if suffix == "json":
        return json.dumps(_pruned(json.loads(text)), sort_keys=True, indent=1)
    return _NO_NOTES.sub("", _CHANGES.sub("", _OF_THE_RUN.sub("", text)))


def _without_names(text: str, report: ScreenTimeReported) -> str:
    return _FOLDER.sub("", text.replace(report.run_id, "RUN").replace(report.ep_id, "EPISODE"))


def _dumped(value: Any) -> str:
    return json.dumps(_pruned(value), sort_keys=True)


def _pruned(value: Any) -> Any:
    """The same without the fields that hold ids of events, moments, and how long the work took."""
    if isinstance(value, dict):
        return {name: _pruned(inner) for name, inner in value.items() if name not in LEFT_OUT}
    if isinstance(value, list):
        return [_pruned(inner) for inner in value]
    return value
