"""The pipeline's rules on copies of a labelled episode: whatever the container does, people's seconds stay right."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reencode import VARIANTS, reencode
from benchmarks.scoring import score
from benchmarks.truth import LabelledEpisode
from tests.accuracy.in_process import Models, process

pytestmark = pytest.mark.accuracy

USUAL_SEGMENT_S = 20.0
TESTED = ("vfr", "rotated", "trimmed", "borders-in-shots")
"""Those that have little in common; the benchmark measures all."""


@pytest.mark.parametrize("name", TESTED)
async def test_a_copy_gives_the_same_seconds_cuts_and_people(
    name: str, short_episode: LabelledEpisode, models: Models, tmp_path: Path
) -> None:
    variant = next(variant for variant in VARIANTS if variant.name == name)
    copy = reencode(short_episode, variant, tmp_path)
    result = await process(copy.video, models, segment_s=variant.encoding.segment_s or USUAL_SEGMENT_S)
    scored = score(copy.truth, result)
    assert [person for person in scored.people if not person.good] == []
    assert scored.cuts.missing_s == ()
    assert scored.clusters.bcubed_f >= 0.97
    assert scored.clusters.found == scored.clusters.true
