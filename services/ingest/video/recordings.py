"""Where recordings begin in a file that is several of them, joined byte by byte.

Formats that begin with a head are told apart by it: those that say how long their parts are (MP4, AVI, Matroska, ASF)
are walked from part to part, in the others the head is looked for. MPEG streams have none: their clock tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from typing import Final

from chassis.video.byte_ranges import ByteRange, SeekableFile
from chassis.video.container import open_file, open_video, packets_of
from services.ingest.video.packet_scan import Joint

MOST_STEPS: Final = 50_000
"""Boxes, chunks or elements that are walked through before a file counts as one recording."""

_BLOCK: Final = 4 * 2**20
_HEADS: Final = {
    "flv": b"FLV\x01",
    "ogg": b"OggS\x00\x02",
    "nut": b"nut/multimedia container\x00",
    "mxf": b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02",
    "matroska": b"\x1a\x45\xdf\xa3",
    "asf": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
}
"""First bytes of a file, by the first part of FFmpeg's name of the container."""

_OGG_PAGE_HEAD: Final = 27
_PACK_HEADER: Final = b"\x00\x00\x01\xba"
_TS_PACKETS: Final = (188, 192, 204)
_TS_SYNC: Final = 0x47

_ASF_DATA: Final = b"\x36\x26\xb2\x75"


def recordings_in(url: str, container: str) -> list[tuple[ByteRange, ...]]:
    """The bytes of each recording of a video, told by their heads; one item where there is one."""
    with closing(open_file(url)) as file:
        size = file.seek(0, 2)
        starts = recording_starts(file, size, container)
    return [((start, end),) for start, end in pairwise([*starts, size])]


def divided_at(url: str, container: str, joints: Sequence[Joint]) -> list[tuple[ByteRange, ...]]:
    """The bytes of each recording of a video that is joined at places known from its packets.

    A recording that does not begin with what its demuxer needs is read behind the beginning of the file.
    """
    with closing(open_file(url)) as file:
        size = file.seek(0, 2)
        starts = [_start(file, container, joint) for joint in joints]
        head = 0 if all(has_head for _, has_head in starts) else _first_packet(url)
    places = [start for start, _ in starts]
    recordings: list[tuple[ByteRange, ...]] = [((0, places[0]),)]
    for (start, has_head), end in zip(starts, [*places[1:], size], strict=True):
        recordings.append(((start, end),) if has_head or not head else ((0, head), (start, end)))
    return recordings


def _start(file: SeekableFile, container: str, joint: Joint) -> tuple[int, bool]:
    """Where a recording begins whose first packet is known, and whether all is there that a demuxer needs."""
    if container == "mpeg":
        place = last_place(file, _PACK_HEADER, joint.before + 1, joint.behind)
        return (joint.behind, True) if place is None else (place, True)
    if container == "mpegts":
        place = _last_program_table(file, joint)
        return (joint.behind, False) if place is None else (place, True)
    return joint.behind, False


def _last_program_table(file: SeekableFile, joint: Joint) -> int | None:
    """The transport stream's last table of programs before a packet, where it lies behind the packet before."""
    for length in _TS_PACKETS:
        for place in range(joint.behind - length, joint.before, -length):
            head = _at(file, place, 3)
            if len(head) < 3 or head[0] != _TS_SYNC:
                break
            if head[1] & 0x5F == 0x40 and head[2] == 0:
                return place
    return None


def _first_packet(url: str) -> int:
    """Where the first packet of the file lies."""
    with open_video(url) as container:
        return next((packet.pos for packet in packets_of(container, *container.streams, url=url) if packet.pos), 0)


def recording_starts(file: SeekableFile, size: int, container: str) -> list[int]:
    """Positions at which recordings seem to begin, ascending, the first is 0. What they are is for the demuxer to say."""
    kind = container.split(",", maxsplit=1)[0]
    walk = _WALKS.get(kind)
    if walk is not None:
        starts = walk(file, size)
        if starts is not None:
            return starts
    if kind not in _HEADS:
        return [0]
    starts = [0, *(start for start in _searched(file, _HEADS[kind]) if start > 0 and _is_head(file, kind, start))]
    return _apart(file, starts) if kind == "ogg" else starts


def _is_head(file: SeekableFile, kind: str, start: int) -> bool:
    """Whether a head that four bytes only tell apart is one: they may be anywhere in a picture."""
    if kind == "flv":
        return _at(file, start + 5, 4) == b"\x00\x00\x00\x09"
    if kind == "matroska":
        head = _at(file, start, 80)
        return b"matroska" in head or b"webm" in head
    return True


def last_place(file: SeekableFile, mark: bytes, first: int, last: int) -> int | None:
    """Position of the last `mark` that begins in `[first, last]`, None where there is none."""
    file.seek(first)
    found = _read(file, last - first + len(mark)).rfind(mark)
    return first + found if found >= 0 else None


def _searched(file: SeekableFile, head: bytes) -> list[int]:
    """The file's start and every other place with that head, by reading everything."""
    starts = [0]
    position, kept = 0, b""
    file.seek(0)
    while block := _read(file, _BLOCK):
        data = kept + block
        place = data.find(head)
        while place >= 0:
            start = position - len(kept) + place
            if start > 0:
                starts.append(start)
            place = data.find(head, place + 1)
        kept = data[-(len(head) - 1) :]
        position += len(block)
    return starts


def _apart(file: SeekableFile, starts: list[int]) -> list[int]:
    """Without the pages that follow another one directly: every stream of an Ogg recording begins with one."""
    apart: list[int] = []
    expected = -1
    for start in starts:
        if start != expected:
            apart.append(start)
        head = _at(file, start, _OGG_PAGE_HEAD + 255)
        lengths = (
            head[_OGG_PAGE_HEAD : _OGG_PAGE_HEAD + head[_OGG_PAGE_HEAD - 1]] if len(head) >= _OGG_PAGE_HEAD else b""
        )
        expected = start + _OGG_PAGE_HEAD + len(lengths) + sum(lengths)
    return apart


def _mp4(file: SeekableFile, size: int) -> list[int] | None:
    """A recording begins with `ftyp` and has one `moov` at least."""
    starts, has_index = [0], False
    for position, name in _boxes(file, size):
        if name == b"ftyp" and position > 0 and has_index:
            starts.append(position)
            has_index = False
        has_index = has_index or name == b"moov"
    return starts


def _boxes(file: SeekableFile, size: int) -> Iterator[tuple[int, bytes]]:
    position = 0
    for _ in range(MOST_STEPS):
        head = _at(file, position, 16)
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        if len(head) < 8 or not head[4:8].isalnum():
            return
        yield position, head[4:8]
        if length < 8 or position + length >= size:
            return
        position += length


def _avi(file: SeekableFile, size: int) -> list[int] | None:
    """Large files go on in chunks that are called AVIX; another AVI is another recording."""
    starts, position = [0], 0
    for _ in range(MOST_STEPS):
        head = _at(file, position, 12)
        if head[:4] != b"RIFF":
            break
        if head[8:12] == b"AVI " and position > 0:
            starts.append(position)
        length = int.from_bytes(head[4:8], "little")
        if length == 0:
            break
        position += 8 + length + length % 2
        if position + 12 > size:
            break
    return starts


def _matroska(file: SeekableFile, size: int) -> list[int] | None:
    """Segments follow their heads; None where one does not say how long it is, as those written live."""
    starts, position = list[int](), 0
    for _ in range(MOST_STEPS):
        head = _at(file, position, 12)
        if len(head) < 5:
            break
        if head[:4] == _HEADS["matroska"]:
            starts.append(position)
        name_bytes, _ = _ebml_number(head)
        size_bytes, length = _ebml_number(head[name_bytes:])
        if not name_bytes or not size_bytes:
            break
        if length == 2 ** (7 * size_bytes) - 1:
            return None
        position += name_bytes + size_bytes + length
        if position >= size:
            break
    return starts or [0]


def _ebml_number(data: bytes) -> tuple[int, int]:
    """How many bytes a number takes (0: none is there), and its value without the mark of its length."""
    if not data or not data[0]:
        return 0, 0
    count = 9 - data[0].bit_length()
    return (count, int.from_bytes(data[:count]) & (2 ** (7 * count) - 1)) if len(data) >= count else (0, 0)


def _asf(file: SeekableFile, size: int) -> list[int] | None:
    """Objects of known length; None where the data does not say, as when it was written live."""
    starts, position = list[int](), 0
    for _ in range(MOST_STEPS):
        head = _at(file, position, 24)
        length = int.from_bytes(head[16:24], "little")
        if head[:16] == _HEADS["asf"]:
            starts.append(position)
        if head[:4] == _ASF_DATA and length <= 24:
            return None
        if length < 24 or position + length >= size:
            break
        position += length
    return starts or [0]


def _at(file: SeekableFile, position: int, count: int) -> bytes:
    file.seek(position)
    return _read(file, count)


def _read(file: SeekableFile, count: int) -> bytes:
    """So many bytes, fewer at the end of the file only."""
    parts: list[bytes] = []
    while count > 0 and (data := file.read(count)):
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


_WALKS: Final[dict[str, Callable[[SeekableFile, int], list[int] | None]]] = {
    "mov": _mp4,
    "avi": _avi,
    "matroska": _matroska,
    "asf": _asf,
}
