"""The face pictures that rows of tracks and faces name: `{crop archive}#{member}`. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

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
    found: dict[str, set[str]] = {}
    for name in names:
        archive, _, member = name.rpartition("#")
        if archive:
            found.setdefault(archive, set()).add(member)
    return {archive: frozenset(members) for archive, members in found.items()}


def rename_archives(
    tracks: Sequence[TrackRow], faces: Sequence[FaceRow], renamed: Mapping[str, str]
) -> tuple[list[TrackRow], list[FaceRow]]:
    """The rows with their pictures where the archives are now; `renamed` is old URI -> new URI."""

    def moved(name: str) -> str:
        archive, mark, member = name.rpartition("#")
        return f"{renamed.get(archive, archive)}{mark}{member}" if archive else name

    return (
        [row.model_copy(update={"crops": tuple(moved(crop) for crop in row.crops)}) for row in tracks],
        [
            face.model_copy(
                update={
                    "crop": moved(face.crop),
                    "thumbnail": None if face.thumbnail is None else moved(face.thumbnail),
                }
            )
            for face in faces
        ],
    )
