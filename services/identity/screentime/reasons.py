"""Why somebody has no name: a sentence for people, a code for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.rows import FaceRow, Identity, UnknownBecause

NO_MATCH = "Nobody in the facebank is similar enough."
NOTHING_USABLE = "None of its faces is good enough to recognise."
NO_CAST = "The facebank of the show is empty."
EXTRA = "A background performer, as operators said."
TOO_SMALL = "Its face is never large enough to recognise."

_CODES: Mapping[str, UnknownBecause] = {
    **dict.fromkeys(("low_quality", "no_usable_vector", "no_face_sampled"), "poor_pictures"),
    NO_MATCH: "nobody_similar",
    NOTHING_USABLE: "poor_pictures",
    NO_CAST: "no_cast",
    EXTRA: "extra",
    TOO_SMALL: "too_small_to_recognise",
}


@dataclass(frozen=True)
class Reasons:
    """What is known of the nameless: sentences by identity id, and those whose faces are always too small."""

    sentences: Mapping[str, str] = field(default_factory=dict)
    too_small: frozenset[str] = frozenset()

    def why(self, person: Identity, *, extra: bool) -> tuple[str, UnknownBecause | None]:
        """The reason as a sentence and, where there is one for it, as a code: what operators say comes first."""
        if extra:
            sentence = EXTRA
        elif person.identity_id in self.too_small:
            sentence = TOO_SMALL
        else:
            sentence = person.reason or self.sentences.get(person.identity_id) or NO_MATCH
        return sentence, _CODES.get(sentence)


def always_too_small(identities: Iterable[Identity], faces: Sequence[FaceRow], *, least_size: float) -> frozenset[str]:
    """Identities that have faces, none of which reaches `least_size` (0..1, `FaceQuality.size`)."""
    largest: dict[str, float] = {}
    for face in faces:
        largest[face.track_id] = max(largest.get(face.track_id, 0.0), face.quality.size)
    sizes = {one.identity_id: [largest[track] for track in one.track_ids if track in largest] for one in identities}
    return frozenset(identity_id for identity_id, own in sizes.items() if own and max(own) < least_size)
