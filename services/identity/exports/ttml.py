"""TTML 1 (DFXP): who is visible, as text for players and as `ttm:agent` for programs. Times are a player's.

https://www.w3.org/TR/ttml1/
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from contracts.external_ids import ProgrammeIds
from services.identity.exports.clips import plain
from services.identity.exports.webvtt import clock, stretches
from services.identity.screentime.moments import OnScreen

_TT, _META, _XML = (
    "http://www.w3.org/ns/ttml",
    "http://www.w3.org/ns/ttml#metadata",
    "http://www.w3.org/XML/1998/namespace",
)
_DC = "http://purl.org/dc/terms/"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def to_ttml(
    ep_id: str,
    people: Sequence[OnScreen],
    *,
    duration_s: float,
    signed: str | None = None,
    external_ids: ProgrammeIds | None = None,
    show_external_ids: ProgrammeIds | None = None,
) -> str:
    """The document: an agent for every person, a paragraph for every stretch with the same people; who signed it off.

    Ids elsewhere are addresses: of the episode as `dcterms:identifier`, of its show as `dcterms:isPartOf`, of people as
    other names of theirs.
    """
    ElementTree.register_namespace("", _TT)
    ElementTree.register_namespace("ttm", _META)
    ElementTree.register_namespace("dcterms", _DC)
    root = ElementTree.Element(f"{{{_TT}}}tt", {f"{{{_XML}}}lang": "und"})
    metadata = ElementTree.SubElement(ElementTree.SubElement(root, f"{{{_TT}}}head"), f"{{{_TT}}}metadata")
    ElementTree.SubElement(metadata, f"{{{_META}}}title").text = f"{ep_id} appearances"
    if signed is not None:
        ElementTree.SubElement(metadata, f"{{{_META}}}desc").text = signed
    for name, ids in (("identifier", external_ids), ("isPartOf", show_external_ids)):
        for address in (ids or ProgrammeIds()).addresses().values():
            ElementTree.SubElement(metadata, f"{{{_DC}}}{name}").text = address
    for person in people:
        agent = ElementTree.SubElement(metadata, f"{{{_META}}}agent", {f"{{{_XML}}}id": _id(person), "type": "person"})
        ElementTree.SubElement(agent, f"{{{_META}}}name", {"type": "full"}).text = _name(person)
        for address in person.details.external_ids.addresses().values():
            ElementTree.SubElement(agent, f"{{{_META}}}name", {"type": "other"}).text = address
    division = ElementTree.SubElement(ElementTree.SubElement(root, f"{{{_TT}}}body"), f"{{{_TT}}}div")
    for (start, end), visible in stretches(people, duration_s=duration_s):
        agents = " ".join(_id(person) for person in visible)
        times = {"begin": clock(start), "end": clock(end), f"{{{_META}}}agent": agents}
        paragraph = ElementTree.SubElement(division, f"{{{_TT}}}p", times)
        paragraph.text = _name(visible[0])
        for person in visible[1:]:
            ElementTree.SubElement(paragraph, f"{{{_TT}}}br").tail = _name(person)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"


def _id(person: OnScreen) -> str:
    """An XML name, which does not begin with a digit."""
    return f"p-{person.key}"


def _name(person: OnScreen) -> str:
    return plain(person.name) or person.key
