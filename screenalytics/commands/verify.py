"""`screenalytics verify`: a signed statement against what it speaks of, without a network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from screenalytics.proof.envelope import Opened
from screenalytics.proof.verification import Finding, verify
from screenalytics.terminal.messages import printable

BAD = frozenset({"wrong", "missing"})


def verify_statement(
    statement: Path, *, key: Path | None, video: Path | None, files: Path | None, as_json: bool
) -> int:
    """Print what was found; 1 where anything does not match."""
    opened, findings = verify(statement, key=key, video=video, files=files)
    if as_json:
        found = {"keyid": opened.keyid, "vouched": opened.vouched, "findings": [asdict(one) for one in findings]}
        print(json.dumps(found | {"statement": opened.payload}, ensure_ascii=False))
    else:
        print(printable_report(opened, findings))
    return 1 if any(one.verdict in BAD for one in findings) else 0


def printable_report(opened: Opened, findings: Sequence[Finding]) -> str:
    """What is stated, who signed it, and what was held against it."""
    predicate: Mapping[str, Any] = opened.payload["predicate"]
    vouched = "the key you named" if opened.vouched else "a key that came along: name one you trust with --key"
    sign_off = predicate.get("signed_off")
    decisions = [f"  {one['at']}  {one['who']}: {_told(one)}" for one in predicate["decisions"]]
    lines = [
        f"{predicate['episode']} revision {predicate['revision']}, stated {predicate['stated_at']}",
        f"signature right, by {vouched} ({opened.keyid[:16]}…)",
        "not signed off" if sign_off is None else f"signed off by {sign_off.get('who')} at {sign_off.get('at')}",
        "models: " + (", ".join(f"{role} {name}" for role, name in sorted(predicate["models"].items())) or "none"),
        f"{len(decisions)} decision{'' if len(decisions) == 1 else 's'} of people",
        *decisions,
        *(f"{one.verdict:9}  {one.what}: {one.said}" for one in findings),
    ]
    wrong = [one.what for one in findings if one.verdict in BAD]
    lines.append(f"does not match: {', '.join(wrong)}" if wrong else "everything that was given matches")
    return "\n".join(printable(line) for line in lines)


def _told(one: Mapping[str, Any]) -> str:
    taken_back = "" if one["in_force"] else " (taken back)"
    return f"{one['action']} {one['what']}{taken_back}" + (f" ({one['why']})" if one["why"] else "")
