"""What a browser has to load."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

DIST = Path(__file__).resolve().parents[2] / "console/dist"
FIRST_SCREEN_B = 60_000
ALL_B = 120_000


def zipped(path: Path) -> int:
    return len(gzip.compress(path.read_bytes(), 9, mtime=0))


def loaded_with(name: str, seen: set[str]) -> set[str]:
    """A file and those that it cannot do without."""
    if name not in seen:
        seen.add(name)
        text = (DIST / "assets" / name).read_text()
        for other in re.findall(r'(?:^|[;}])(?:import|export)\s*(?:[^"\';()]*?from\s*)?"\./([^"]+\.js)"', text):
            loaded_with(other, seen)
    return seen


def test_the_first_screen_and_the_whole_stay_small() -> None:
    entry = re.search(r'src="/assets/([^"]+\.js)"', (DIST / "index.html").read_text())
    assert entry is not None
    first = loaded_with(entry[1], set())
    first |= loaded_with(next(path.name for path in (DIST / "assets").glob("Episodes-*.js")), set(first))
    assert len(first) > 2
    assert sum(zipped(DIST / "assets" / name) for name in first) <= FIRST_SCREEN_B
    assert sum(zipped(path) for path in (DIST / "assets").glob("*.js")) <= ALL_B
