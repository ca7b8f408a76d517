"""Who reads whose documents: a service its own, and what is declared to be shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import chassis
from chassis.mongo.database import COLLECTIONS
from chassis.mongo.shared_reads import SHARED_READS

ROOT = Path(chassis.__file__).parent.parent
OWNER = {collection.name: collection.owner for collection in COLLECTIONS}
OPENED = re.compile(r"""database\[["']([a-z_]+)["']\]""")


def opened() -> Iterator[tuple[str, str, str]]:
    """`(who, collection, file)` of every collection that is opened by name."""
    for folder in ("chassis", *sorted(f"services/{path.name}" for path in (ROOT / "services").iterdir())):
        for path in (ROOT / folder).rglob("*.py"):
            for name in OPENED.findall(path.read_text(encoding="utf-8")):
                yield folder.rpartition("/")[2], name, str(path.relative_to(ROOT))


def test_a_service_opens_its_own_collections_only() -> None:
    foreign = [(file, name) for who, name, file in opened() if OWNER.get(name) != who]
    assert foreign == [], "read what is shared through chassis/mongo/shared_reads.py, and the rest from events"
    assert {name for _, name, _ in opened()} >= {"episodes", "runs", "edits", "identities", "audit"}


def test_what_is_shared_is_of_the_owner_that_is_named() -> None:
    for shared in SHARED_READS:
        assert OWNER[shared.collection] == shared.owner
        reader = (ROOT / f"{shared.reader.replace('.', '/')}.py").read_text(encoding="utf-8")
        assert "chassis.mongo.shared_reads" in reader
