"""Tracks cut where operators said that a stretch of one shows somebody else.

A part's id is the track's with three digits appended: 001 is what lies before the stretch, 002 the stretch itself, 003
what lies after it; a part may be cut again. So a name says which cut made it, whatever other cuts are undone: the name
of a track that was cut means what is left of it without the stretches, the name of a part whose cut was undone means
the track, and the name of a stretch whose cut was undone means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contracts.rows import FaceRow, TrackRow
from services.grouper.tracks.geometry import box_at
from services.grouper.tracks.joining import JoinedEpisode
from services.grouper.tracks.points import Floats
from services.grouper.tracks.pooling import pooled

BEFORE, STRETCH, AFTER = "001", "002", "003"
LEAST_PART_S = 1e-3
"""What is shorter belongs to the part beside it."""

_PART = re.compile(r"^(track-[0-9]{5,}-[0-9]{3,})([0-9]{3})$")


@dataclass(frozen=True)
class Cut:
    """`[start_s, end_s)` of a track, or of a part of one, is to be a track of its own."""

    track_id: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class CutTracks:
    """Tracks in order of time after cuts. `stretches[i]` names the tracks that are cut `i`'s stretch now.

    `parts` holds the parts of every track that was cut, in order of time.
    """

    tracks: tuple[TrackRow, ...]
    stretches: tuple[tuple[str, ...], ...]
    parts: Mapping[str, tuple[TrackRow, ...]]
    names: frozenset[str]

    def resolve(self, name: str) -> tuple[str, ...]:
        """The tracks that a name means now; empty when there is none."""
        while name not in self.names:
            whole, suffix = parent_of(name)
            if whole is None or suffix == STRETCH:
                return ()
            name = whole
        rows = self.parts.get(self._whole(name))
        if rows is None:
            return (name,)
        return tuple(row.track_id for row in rows if _is_left_of(name, row.track_id))

    def _whole(self, name: str) -> str:
        whole, _ = parent_of(name)
        return name if name in self.parts or whole is None else self._whole(whole)


def parent_of(name: str) -> tuple[str | None, str]:
    """The track that a part was cut from and the part's own digits; (None, "") for a name that cannot be a part's."""
    found = _PART.match(name)
    return (found[1], found[2]) if found else (None, "")


def cut_tracks(tracks: Sequence[TrackRow], cuts: Sequence[Cut]) -> CutTracks:
    """Cuts tracks, one cut after the other; what a cut does not touch stays as it is.

    A part has its share of the track's frames and detections, and boxes between the track's first and last one. A
    stretch that is the whole track cuts nothing.
    """
    whole = {track.track_id: track for track in tracks}
    parts: dict[str, list[TrackRow]] = {}
    names = set(whole)
    stretches: list[tuple[str, ...]] = []
    for cut in cuts:
        base = _base_of(cut.track_id, whole)
        if base is None:
            stretches.append(())
            continue
        pieces = parts.get(base, [whole[base]])
        stretch: list[str] = []
        result: list[TrackRow] = []
        touched = _touched(cut, pieces)
        for piece, name in touched:
            made = [piece] if name is None else _cut_in_three(piece, cut, name)
            stretch += [row.track_id for row in made if name is not None and _is_stretch(row, cut)]
            result += made
        names.update(row.track_id for row in result)
        names.update(name for _, name in touched if name is not None)
        stretches.append(tuple(stretch))
        if [row.track_id for row in result] != [row.track_id for row in pieces]:
            parts[base] = result
    rows = [row for track in tracks for row in parts.get(track.track_id, [track])]
    last_part = {base: pieces[-1].track_id for base, pieces in parts.items()}
    rows = [
        row.model_copy(update={"continues": last_part[row.continues]}) if row.continues in last_part else row
        for row in rows
    ]
    final = {row.track_id: row for row in rows}
    return CutTracks(
        tracks=tuple(sorted(rows, key=lambda row: (row.start_s, row.track_id))),
        stretches=tuple(stretches),
        parts={base: tuple(final[piece.track_id] for piece in pieces) for base, pieces in parts.items()},
        names=frozenset(names),
    )


def cut_episode(
    joined: JoinedEpisode, cut: CutTracks, faces: Sequence[FaceRow], face_vectors: Floats
) -> tuple[JoinedEpisode, list[FaceRow]]:
    """The joined episode with the parts instead of the tracks that were cut, and all faces with the parts' ids.

    A part's vector is pooled from its own faces; one without faces has none. The detections' rows keep the ids of the
    tracks as they were found.
    """
    vectors: dict[str, Floats | None] = {
        track.track_id: vector for track, vector in zip(joined.tracks, joined.vectors, strict=True)
    }
    rows = {row.track_id: row for row in cut.tracks}
    own: dict[str, list[FaceRow]] = {row.track_id: [] for parts in cut.parts.values() for row in parts}
    moved: list[FaceRow] = []
    for face in faces:
        part = _part_at(cut.parts.get(face.track_id, ()), face.ts_s)
        moved.append(face if part is None else face.model_copy(update={"track_id": part}))
        if part is not None:
            own[part].append(moved[-1])
    for part, part_faces in own.items():
        rows[part], vectors[part] = pooled(rows[part], part_faces, face_vectors)
    tracks = tuple(rows[row.track_id] for row in cut.tracks)
    episode = JoinedEpisode(
        tracks=tracks,
        vectors=tuple(vectors[track.track_id] for track in tracks),
        shots=joined.shots,
        must_links=tuple((track.continues, track.track_id) for track in tracks if track.continues is not None),
        problems=joined.problems,
    )
    return episode, moved


def _base_of(name: str, whole: Mapping[str, TrackRow]) -> str | None:
    found: str | None = name
    while found is not None and found not in whole:
        found, _ = parent_of(found)
    return found


def _is_left_of(name: str, part: str) -> bool:
    """Whether a part is what remains of the named track without its stretches."""
    if not part.startswith(name):
        return False
    digits = part[len(name) :]
    return STRETCH not in [digits[index : index + 3] for index in range(0, len(digits), 3)]


def _touched(cut: Cut, pieces: Sequence[TrackRow]) -> list[tuple[TrackRow, str | None]]:
    """Every piece with the name that its parts begin with, None where the cut leaves it alone.

    The cut's own name where that piece is there or was (its parts are named as the operator saw them), else, where it
    was cut further, those of the pieces that are left of it.
    """
    by_id = {piece.track_id for piece in pieces}
    left = {piece.track_id: piece.track_id for piece in pieces if _is_left_of(cut.track_id, piece.track_id)}
    if not left:
        above: str | None = cut.track_id
        while above is not None and above not in by_id:
            above, suffix = parent_of(above)
            above = None if suffix == STRETCH else above
        if above is not None:
            left = {above: cut.track_id}
    return [
        (piece, left[piece.track_id] if piece.track_id in left and _overlaps(piece, cut) else None) for piece in pieces
    ]


def _overlaps(piece: TrackRow, cut: Cut) -> bool:
    return min(piece.end_s, cut.end_s) - max(piece.start_s, cut.start_s) > LEAST_PART_S


def _is_stretch(row: TrackRow, cut: Cut) -> bool:
    return row.start_s >= cut.start_s - LEAST_PART_S and row.end_s <= cut.end_s + LEAST_PART_S


def _cut_in_three(piece: TrackRow, cut: Cut, name: str) -> list[TrackRow]:
    start = cut.start_s if cut.start_s - piece.start_s > LEAST_PART_S else piece.start_s
    end = cut.end_s if piece.end_s - cut.end_s > LEAST_PART_S else piece.end_s
    if (start, end) == (piece.start_s, piece.end_s):
        return [piece]
    times = ((BEFORE, piece.start_s, start), (STRETCH, start, end), (AFTER, end, piece.end_s))
    rows = [_part(piece, name + digits, begin, stop) for digits, begin, stop in times if stop > begin]
    first = rows[0].model_copy(update={"continues": piece.continues})
    return [first, *rows[1:]]


def _part(piece: TrackRow, name: str, start_s: float, end_s: float) -> TrackRow:
    duration = piece.end_s - piece.start_s
    frames = piece.last_frame - piece.first_frame

    def frame_at(time: float) -> int:
        return piece.first_frame + round(frames * (time - piece.start_s) / duration)

    return piece.model_copy(
        update={
            "track_id": name,
            "start_s": start_s,
            "end_s": end_s,
            "first_frame": frame_at(start_s),
            "last_frame": frame_at(end_s),
            "first_bbox": box_at(piece, start_s),
            "last_bbox": box_at(piece, end_s),
            "detections": max(1, round(piece.detections * (end_s - start_s) / duration)),
            "continues": None,
        }
    )


def _part_at(parts: Sequence[TrackRow], ts_s: float) -> str | None:
    """The part that a moment belongs to: the last one that has begun."""
    begun = [row.track_id for row in parts if row.start_s <= ts_s]
    return begun[-1] if begun else (parts[0].track_id if parts else None)
