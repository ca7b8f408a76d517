"""The archive of a segment's face pictures: JPEG files in one stored ZIP, the same bytes for the same pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from chassis.domain.faces import CHIP_POINTS, CHIP_SIZE, CROP_SIZE, ChipTemplate, align_chip

Pixels = npt.NDArray[np.uint8]

CROPS_MEDIA_TYPE = "application/zip"
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o644 << 16


def chip_member(track_id: str, frame_idx: int) -> str:
    """Name of an aligned chip in the archive."""
    return f"chips/{track_id}/{frame_idx:07d}.jpg"


def thumbnail_member(track_id: str, frame_idx: int) -> str:
    """Name of a picture for people in the archive."""
    return f"thumbs/{track_id}/{frame_idx:07d}.jpg"


def encode_jpeg(picture: Pixels, *, quality: int) -> bytes:
    """An RGB picture [H,W,3] as JPEG; `quality` in 1..100."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    encoded, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not encoded:
        raise ValueError(f"a picture of shape {picture.shape} cannot be written as JPEG")
    return data.tobytes()


def decode_jpeg(data: bytes) -> Pixels:
    """The RGB picture [H,W,3] of a JPEG file. Raises ValueError when it is not one."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise ValueError("not a readable picture")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def pack_crops(pictures: Iterable[tuple[str, bytes]]) -> bytes:
    """Packs files (member name, content), sorted by name, into a stored ZIP with fixed times.

    Raises ValueError when two have the same name.
    """
    members = sorted(pictures)
    if len({name for name, _ in members}) != len(members):
        raise ValueError("two pictures have the same name")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, date_time=_TIMESTAMP)
            entry.external_attr = _READABLE_FILE
            entry.create_system = 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def read_chips(archive: bytes, crops: Sequence[tuple[str, Sequence[float] | None]], *, chip: ChipTemplate) -> Pixels:
    """The chips that an embedder wants of kept faces, in that order: uint8 [N,S,S,3], RGB.

    `crops` are names in the archive, each with where the landmarks lie in the picture (ten numbers in pixels): one kept
    picture serves every embedder. Pictures of 150x150, which earlier versions kept, have theirs at `CHIP_POINTS`.
    Raises KeyError for a name that is not in the archive, ValueError for a picture of another size or that is not one.
    """
    chips = np.zeros((len(crops), chip.size, chip.size, 3), dtype=np.uint8)
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        for position, (name, points) in enumerate(crops):
            picture = decode_jpeg(file.read(name))
            side = CHIP_SIZE if points is None else CROP_SIZE
            if picture.shape[:2] != (side, side):
                raise ValueError(f"{name} is {picture.shape[1]}x{picture.shape[0]}, not {side}x{side}")
            chips[position] = align_chip(picture, CHIP_POINTS if points is None else points, chip=chip)
    return chips


def read_picture(archive: bytes, member: str) -> bytes:
    """One picture's file content. Raises KeyError when the archive has no such member."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        return file.read(member)


def without_members(archive: bytes, names: Collection[str]) -> bytes | None:
    """The archive without some members; None where it has none of them."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        there = file.namelist()
        if not set(there) & set(names):
            return None
        return pack_crops((name, file.read(name)) for name in there if name not in names)
