"""`screenalytics sample`: the sample episode of the demo."""

from __future__ import annotations

import sys
from pathlib import Path

from screenalytics.sample.make import make_sample
from screenalytics.weights import default_cache_dir


def sample(out: Path) -> None:
    """Make the sample and print where it is."""
    said = ""

    def say(step: str, _share: float) -> None:
        nonlocal said
        if step != said:
            said = step
            print(step, file=sys.stderr)

    made = make_sample(out, cache_dir=default_cache_dir() / "sample", progress=say)
    print(f"video: {made.video}")
    print(f"cast:  {made.cast_dir}")
