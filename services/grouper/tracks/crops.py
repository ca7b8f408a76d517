"""The face pictures that rows of tracks and faces name: `{crop archive}#{member}`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from contracts.crops import by_archive, renamed
from contracts.rows import FaceRow, TrackRow

Members = Mapping[str, frozenset[str]]
"""Archive URI -> members."""


def members_of(
    tracks: Iterable[TrackRow], faces: Iterable[FaceRow], *, gone: Collection[str], forgotten: Collection[str]
) -> Members:
    """The pictures of tracks that are forgotten (`gone`) and of faces that are (`forgotten`)."""
    names = [crop for track in tracks if track.track_id in gone for crop in track.crops]
    for face in faces:
        if face.face_id in forgotten:
            names += [name for name in (face.crop, face.thumbnail) if name is not None]
    return {archive: frozenset(members) for archive, members in by_archive(names).items()}


def rename_archives(
    tracks: Sequence[TrackRow], faces: Sequence[FaceRow], archives: Mapping[str, str]
) -> tuple[list[TrackRow], list[FaceRow]]:
    """The rows with their pictures where the archives are now; `archives` is old URI -> new URI."""
    return (
        [row.model_copy(update={"crops": tuple(renamed(crop, archives) for crop in row.crops)}) for row in tracks],
        [
            face.model_copy(
                update={
                    "crop": renamed(face.crop, archives),
                    "thumbnail": None if face.thumbnail is None else renamed(face.thumbnail, archives),
                }
            )
            for face in faces
        ],
    )
