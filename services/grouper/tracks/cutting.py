"""Tracks cut where operators said that a stretch of one shows somebody else.

A part's id is the track's with three digits appended: 001 is what lies before the stretch, 002 the stretch itself, 003
what lies after it; a part may be cut again. So a name says which cut made it, whatever other cuts are undone: the name
of a track that was cut means what is left of it without the stretches, the name of a part whose cut was undone means
the track, and the name of a stretch whose cut was undone means nothing.

Stretches that were erased are left out last, from whatever parts the cuts in force make: they do not come back with a cut
that is undone or made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass

from chassis.domain.arrays import Floats
from chassis.domain.pooling import PoolingRules
from contracts.rows import FaceRow, TrackRow
from services.grouper.tracks.geometry import box_at
from services.grouper.tracks.joining import JoinedEpisode
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
        base = whole_of(cut.track_id, whole)
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
    return _cut_to(rows, parts, stretches=stretches, names=names)


def without_erased(cut: CutTracks, erased: Sequence[Cut]) -> CutTracks:
    """The tracks without stretches of which nothing may be left; these name tracks as they are before any cut."""
    parts = dict(cut.parts)
    uncut = {row.track_id: row for row in cut.tracks}
    for stretch in erased:
        base = stretch.track_id
        pieces = parts[base] if base in parts else tuple(uncut[name] for name in (base,) if name in uncut)
        left = tuple(row for piece in pieces for row in _outside(piece, stretch))
        if left != pieces:
            parts[base] = left
    if parts == cut.parts:
        return cut
    changed = {base for base, pieces in parts.items() if pieces != cut.parts.get(base)}
    gone = changed | {row.track_id for base in changed for row in cut.parts.get(base, ())}
    rows = [row for row in cut.tracks if row.track_id not in gone]
    return _cut_to(
        [*rows, *(row for base in changed for row in parts[base])], parts, stretches=cut.stretches, names=cut.names
    )


def cut_episode(
    joined: JoinedEpisode,
    cut: CutTracks,
    faces: Sequence[FaceRow],
    face_vectors: Floats,
    pooling: PoolingRules,
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
        rows[part], vectors[part] = pooled(rows[part], part_faces, face_vectors, pooling)
    tracks = tuple(rows[row.track_id] for row in cut.tracks)
    episode = JoinedEpisode(
        tracks=tracks,
        vectors=tuple(vectors[track.track_id] for track in tracks),
        shots=joined.shots,
        must_links=tuple((track.continues, track.track_id) for track in tracks if track.continues is not None),
        problems=joined.problems,
    )
    return episode, moved


def whole_of(name: str, whole: Container[str]) -> str | None:
    """The track of which a name's part was cut, at any depth; None when it is not there."""
    found: str | None = name
    while found is not None and found not in whole:
        found, _ = parent_of(found)
    return found


def _cut_to(
    rows: Sequence[TrackRow],
    parts: Mapping[str, Sequence[TrackRow]],
    *,
    stretches: Sequence[tuple[str, ...]],
    names: Collection[str],
) -> CutTracks:
    """Tracks as they are now. What continued a track that is cut continues its last part, if any is left."""
    there = {row.track_id for row in rows}
    last = {base: pieces[-1].track_id if pieces else None for base, pieces in parts.items()}

    def continued(row: TrackRow) -> TrackRow:
        base = None if row.continues in there else whole_of(row.continues or "", last)
        return row if base is None else row.model_copy(update={"continues": last[base]})

    final = {row.track_id: continued(row) for row in rows}
    return CutTracks(
        tracks=tuple(sorted(final.values(), key=lambda row: (row.start_s, row.track_id))),
        stretches=tuple(stretches),
        parts={base: tuple(final[piece.track_id] for piece in pieces) for base, pieces in parts.items()},
        names=frozenset(names) | final.keys(),
    )


def _outside(piece: TrackRow, stretch: Cut) -> list[TrackRow]:
    """What is left of a piece without a stretch."""
    if not _overlaps(piece, stretch):
        return [piece]
    return [row for row in _cut_in_three(piece, stretch, piece.track_id) if not _is_stretch(row, stretch)]


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
