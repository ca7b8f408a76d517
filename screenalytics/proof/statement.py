"""What is stated about a revision: an in-toto Statement (v1) whose subjects are the video and every file of the result.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md. The predicate says by which models and which
decisions of whom the result came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:screenalytics:proof:v1"
VIDEO = "video"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One command of a person on who is who, in the words of the log. `in_force`: it was not taken back since."""

    log: str
    version: int
    at: str
    who: str
    action: str
    what: str
    why: str | None
    in_force: bool


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What is known of the revision. `files` are name -> SHA-256; `document` is `screen_time.json`.

    `sign_off` is who approved it, as the API says it; None where nobody did.
    """

    ep_id: str
    run_id: str
    number: int
    reported_at: str
    video_sha256: str | None
    video_name: str | None
    files: Mapping[str, str]
    document: Mapping[str, Any]
    grouping_revision: int | None
    edits_version: int | None
    links_version: int | None
    sign_off: Mapping[str, Any] | None = None


def make_statement(revision: Revision, decisions: Iterable[Decision], *, at: datetime) -> dict[str, Any]:
    """The statement. Decisions that came after the revision are not in it: they are not in the result either."""
    document = revision.document
    subjects = [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(revision.files.items())]
    if revision.video_sha256 is not None:
        subjects.insert(0, {"name": VIDEO, "digest": {"sha256": revision.video_sha256}})
    return {
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {
            "stated_at": at.isoformat(timespec="seconds"),
            "episode": revision.ep_id,
            "run": revision.run_id,
            "revision": revision.number,
            "reported_at": revision.reported_at,
            "video": {"name": revision.video_name, "duration_s": document.get("duration_s")},
            "made_from": {
                "grouping_revision": revision.grouping_revision,
                "edits_version": revision.edits_version,
                "links_version": revision.links_version,
            },
            "models": dict(document.get("models", {})),
            "external_ids": {
                "episode": document.get("external_ids") or {},
                "show": document.get("show_external_ids") or {},
            },
            "cast": [
                {name: row.get(name) for name in ("cast_id", "name", "visible_s", "appearances")}
                for row in document.get("cast", ())
            ],
            "unidentified": len(document.get("unidentified", ())),
            "warnings": list(document.get("warnings", ())),
            "decisions": [vars(one) for one in _made_before(decisions, revision)],
            "signed_off": dict(revision.sign_off) if revision.sign_off is not None else None,
        },
    }


def _made_before(decisions: Iterable[Decision], revision: Revision) -> list[Decision]:
    last = {"edits": revision.edits_version, "links": revision.links_version}
    found = [one for one in decisions if one.version <= (last[one.log] or 0)]
    return sorted(found, key=lambda one: (one.at, one.log, one.version))
