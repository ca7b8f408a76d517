"""MOTChallenge: one sequence as a ZIP file, with who was found (`gt`) and every face that was found (`det`).

https://arxiv.org/abs/1603.00831, section 4.3; the layout is also what CVAT takes as MOT 1.1. An id is a person here, through
cuts and absences, and not a track.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable

from services.identity.exports.face_boxes import BoxedEpisode, FaceBox
from services.identity.exports.tables import cell

LABEL = "face"
_AT = (1980, 1, 1, 0, 0, 0)
"""The same revision always gives the same bytes."""


def to_mot(episode: BoxedEpisode) -> bytes:
    """The archive; everything lies in a folder that is called like the episode."""
    files = {
        "seqinfo.ini": _about(episode),
        "gt/gt.txt": _lines(_verdict(box) for box in _one_each(episode.boxes)),
        "gt/labels.txt": f"{LABEL}\n",
        "det/det.txt": _lines(_found(episode)),
        "people.csv": _people(episode),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, text in files.items():
            opened.writestr(
                zipfile.ZipInfo(f"{episode.ep_id}/{name}", _AT), text.encode(), compress_type=zipfile.ZIP_DEFLATED
            )
    return archive.getvalue()


def _about(episode: BoxedEpisode) -> str:
    width, height = episode.size
    rate = episode.rate.frames / episode.rate.seconds
    return (
        f"[Sequence]\nname={episode.ep_id}\nimDir=img1\nframeRate={rate:g}\nseqLength={episode.length}\n"
        f"imWidth={width}\nimHeight={height}\nimExt=.jpg\n"
    )


def _one_each(boxes: Iterable[FaceBox]) -> list[FaceBox]:
    """Nobody is twice in a frame: the surest of two boxes stays, as where a mirror shows a person again."""
    kept: dict[tuple[int, int], FaceBox] = {}
    for box in boxes:
        known = kept.setdefault((box.frame, box.person.number), box)
        if box.confidence > known.confidence:
            kept[box.frame, box.person.number] = box
    return list(kept.values())


def _verdict(box: FaceBox) -> str:
    """Frame, id, left, top, width, height, counts, class, visibility."""
    left, top, width, height = box.box
    return f"{box.frame + 1},{box.person.number},{left:g},{top:g},{width:g},{height:g},1,1,1"


def _found(episode: BoxedEpisode) -> list[str]:
    """Frame, no id, left, top, width, height, confidence, no place in the world."""
    faces = [(box.frame, box.box, box.confidence) for box in episode.boxes] + list(episode.unowned)
    return [
        f"{frame + 1},-1,{left:g},{top:g},{width:g},{height:g},{confidence:.4f},-1,-1,-1"
        for frame, (left, top, width, height), confidence in sorted(faces)
    ]


def _lines(rows: Iterable[str]) -> str:
    return "".join(f"{row}\n" for row in rows)


def _people(episode: BoxedEpisode) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "person_id", "name", "kind"])
    for person in episode.people:
        writer.writerow([person.number, person.key, cell("name", person.name), person.kind])
    return buffer.getvalue()
