"""One person twice in the picture: split screens, mirrors, both eyes of a 3D film, replays in a corner.

**Being on screen together is evidence against one person unless the two faces are the same picture**: look-alikes resemble
each other as much as two photographs of one person do at best, a face and its copy far more.
"""

from __future__ import annotations

import numpy as np

from chassis.domain.intervals import intersection, total, union
from contracts.rows import Interval
from services.identity.rules import LinkRules
from services.identity.suggestions.evidence import IdentityEvidence


def copy_ratio(first: IdentityEvidence, second: IdentityEvidence, *, midpoint: float, rules: LinkRules) -> float | None:
    """How far apart two identities' faces are while both are on screen, as a share of the embedder's `midpoint`.

    The farthest pair of simultaneous tracks counts. None where too little of their time together can be compared.
    """
    apart: list[float] = []
    compared: list[Interval] = []
    for vector, span in zip(first.prototypes, first.track_spans, strict=False):
        for other, its_span in zip(second.prototypes, second.track_spans, strict=False):
            shared = (max(span[0], its_span[0]), min(span[1], its_span[1]))
            if shared[1] - shared[0] > rules.simultaneous_s:
                apart.append(float(np.linalg.norm(vector - other)))
                compared.append(shared)
    together = total(intersection(first.presence, second.presence))
    if not apart or total(union(compared)) < rules.least_compared * together:
        return None
    return max(apart) / midpoint
