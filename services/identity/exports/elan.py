"""ELAN annotation files (`.eaf`, format 3.0): a tier for each person, an annotation for every appearance, in milliseconds.

Times are a player's, because ELAN counts as its player does; https://www.mpi.nl/tools/elan/EAFv3.0.xsd
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from ulid import ULID

from contracts.external_ids import ProgrammeIds
from services.identity.exports.clips import plain
from services.identity.exports.said import named_ids
from services.identity.screentime.moments import OnScreen

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TYPE = "appearance"


def to_eaf(
    people: Sequence[OnScreen],
    *,
    run_id: str,
    media: str | None = None,
    signed: str | None = None,
    external_ids: ProgrammeIds | None = None,
    show_external_ids: ProgrammeIds | None = None,
) -> str:
    """The document. `run_id` dates it: the same revision always gives the same bytes. `media` is the video's URL,
    `signed` who signed it off. Ids are properties: `eidr`, `show_eidr`, and of people `imdb:` with their tier.
    """
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
            "AUTHOR": "Screenalytics",
            "DATE": ULID.from_str(run_id).datetime.isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
        },
    )
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if media is not None:
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=media, MIME_TYPE="video/mp4")
    if signed is not None:
        ElementTree.SubElement(header, "PROPERTY", NAME="signedOff").text = signed
    ids = [*named_ids(external_ids or ProgrammeIds(), show_external_ids or ProgrammeIds())]
    ids += [(f"{name}:{one.key}", value) for one in people for name, value in one.details.external_ids.given().items()]
    for name, value in ids:
        ElementTree.SubElement(header, "PROPERTY", NAME=name).text = value
    times = ElementTree.SubElement(root, "TIME_ORDER")
    number = 0
    for person in people:
        name = plain(person.name) or person.key
        tier = ElementTree.SubElement(root, "TIER", TIER_ID=person.key, PARTICIPANT=name, LINGUISTIC_TYPE_REF=_TYPE)
        for start, end in person.intervals:
            number += 1
            slots = [f"ts{2 * number - 1}", f"ts{2 * number}"]
            for slot, time in zip(slots, (start, end), strict=True):
                ElementTree.SubElement(times, "TIME_SLOT", TIME_SLOT_ID=slot, TIME_VALUE=str(round(time * 1000)))
            annotation = ElementTree.SubElement(
                ElementTree.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{number}",
                TIME_SLOT_REF1=slots[0],
                TIME_SLOT_REF2=slots[1],
            )
            ElementTree.SubElement(annotation, "ANNOTATION_VALUE").text = name
    ElementTree.SubElement(
        root, "LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID=_TYPE, TIME_ALIGNABLE="true", GRAPHIC_REFERENCES="false"
    )
    ElementTree.indent(root)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"
