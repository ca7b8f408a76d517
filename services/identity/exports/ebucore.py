"""EBUCore as RDF/XML: the episode, its cast members, and a part for every stretch with the same people.

Times are seconds of a player. Terms of http://www.ebu.ch/metadata/ontologies/ebucore/ebucore#, names by `rdfs:label`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

from contracts.external_ids import PersonIds, ProgrammeIds
from contracts.ids import show_of
from services.identity.exports.clips import plain
from services.identity.exports.webvtt import stretches
from services.identity.screentime.moments import OnScreen

EBUCORE = "http://www.ebu.ch/metadata/ontologies/ebucore/ebucore#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"
_BASE = "urn:screenalytics:"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def to_ebucore(
    ep_id: str,
    people: Sequence[OnScreen],
    *,
    duration_s: float,
    external_ids: ProgrammeIds | None = None,
    show_external_ids: ProgrammeIds | None = None,
) -> str:
    """The graph. People are named within their show, so that the same one in two episodes is one resource."""
    for prefix, namespace in (("ebucore", EBUCORE), ("rdf", _RDF), ("rdfs", _RDFS)):
        ElementTree.register_namespace(prefix, namespace)
    root = ElementTree.Element(f"{{{_RDF}}}RDF")
    episode = _resource(root, "EditorialObject", f"{_BASE}{ep_id}", label=ep_id)
    show = f"{_BASE}{show_of(ep_id)}"
    _say(episode, "hasIdentifier", [ep_id, *_addresses(external_ids)])
    _link(episode, "isEpisodeOf", show)
    _say(_resource(root, "Series", show), "hasIdentifier", [show_of(ep_id), *_addresses(show_external_ids)])
    names = {person.key: _name_of(person, ep_id) for person in people}
    for person in people:
        _link(episode, "hasCastMember" if person.kind == "cast" else "hasParticipatingAgent", names[person.key])
        somebody = _resource(root, "Person", names[person.key], label=plain(person.name) or person.key)
        _say(somebody, "hasIdentifier", _addresses(person.details.external_ids))
        _say(somebody, "hasRole", [person.details.role] if person.details.role else [])
        _say(somebody, "hasCharacter", [plain(one) for one in person.details.characters])
    for number, ((start, end), visible) in enumerate(stretches(people, duration_s=duration_s), start=1):
        part = _resource(root, "Part", f"{_BASE}{ep_id}:part-{number}")
        _link(episode, "hasPart", f"{_BASE}{ep_id}:part-{number}")
        _link(part, "isPartOf", f"{_BASE}{ep_id}")
        for term, time in (("start", start), ("end", end)):
            ElementTree.SubElement(part, f"{{{EBUCORE}}}{term}", {f"{{{_RDF}}}datatype": _DECIMAL}).text = f"{time:.3f}"
        for person in visible:
            _link(part, "hasParticipatingAgent", names[person.key])
    ElementTree.indent(root)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n"


def _name_of(person: OnScreen, ep_id: str) -> str:
    """Identity ids of people without a name are good within their episode."""
    return f"{_BASE}{show_of(ep_id) if person.kind == 'cast' else ep_id}:{person.key}"


def _resource(root: ElementTree.Element, kind: str, name: str, *, label: str | None = None) -> ElementTree.Element:
    resource = ElementTree.SubElement(root, f"{{{EBUCORE}}}{kind}", {f"{{{_RDF}}}about": name})
    if label is not None:
        ElementTree.SubElement(resource, f"{{{_RDFS}}}label").text = label
    return resource


def _addresses(external_ids: ProgrammeIds | PersonIds | None) -> list[str]:
    return list(external_ids.addresses().values()) if external_ids is not None else []


def _say(resource: ElementTree.Element, term: str, texts: Iterable[str]) -> None:
    for text in texts:
        ElementTree.SubElement(resource, f"{{{EBUCORE}}}{term}").text = text


def _link(resource: ElementTree.Element, term: str, name: str) -> None:
    ElementTree.SubElement(resource, f"{{{EBUCORE}}}{term}", {f"{{{_RDF}}}resource": name})
