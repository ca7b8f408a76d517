"""IPTC Video Metadata Hub 1.6 as JSON: who is shown in the video, and in every stretch of it.

The first object is about the whole video; each further one is about a temporal media fragment (W3C Media Fragments,
`#t=2,6.48`, seconds of a player) in which the same people are shown. https://iptc.org/std/videometadatahub/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts.external_ids import ProgrammeIds
from services.identity.exports.clips import plain, together
from services.identity.exports.webvtt import stretches
from services.identity.screentime.moments import OnScreen

_ANY_LANGUAGE = "x-default"
_CONTAINER = "photoVideoMetadataIPTC"
_REGISTRIES = {
    "eidr": "https://www.eidr.org",
    "isan": "https://www.isan.org",
    "imdb": "https://www.imdb.com",
    "wikidata": "https://www.wikidata.org",
}


def to_iptc(
    ep_id: str,
    people: Sequence[OnScreen],
    *,
    duration_s: float,
    external_ids: ProgrammeIds | None = None,
    media: str | None = None,
) -> str:
    """The document. `media` is the video's URL, to which fragments belong; without one they are relative."""
    shown = {person.key: _shown(person) for person in people}
    about: dict[str, Any] = {"identifier": ep_id, "title": _text(ep_id)}
    if external_ids is not None and external_ids.given():
        about["registryEntries"] = [
            {"registryIdentifier": _REGISTRIES[registry], "assetIdentifier": address}
            for registry, address in external_ids.addresses().items()
        ]
    whole: dict[str, Any] = {_CONTAINER: about | {"personsShown": list(shown.values())}}
    parts = [
        {
            "mediafragment": {"uri": f"{media or ''}#t={_seconds(start)},{_seconds(end)}", "delimitertype": "temporal"},
            _CONTAINER: {"personsShown": [shown[person.key] for person in visible]},
        }
        for (start, end), visible in stretches(people, duration_s=duration_s)
    ]
    return json.dumps([whole, *parts], ensure_ascii=False, indent=2) + "\n"


def _seconds(time: float) -> str:
    """Normal play time without trailing zeros."""
    return f"{time:.3f}".rstrip("0").rstrip(".")


def _shown(person: OnScreen) -> dict[str, Any]:
    details = person.details
    ids = [person.key, *details.external_ids.addresses().values()]
    shown: dict[str, Any] = {"name": _text(plain(person.name) or person.key), "identifiers": ids}
    said = together([*([details.role] if details.role else []), *details.characters])
    return shown | ({"description": _text(said)} if said else {})


def _text(text: str) -> dict[str, str]:
    return {_ANY_LANGUAGE: text}
